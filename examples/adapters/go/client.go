package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

const (
	attempts     = 4
	longestPause = 30 * time.Second
)

var paths = map[string][2]string{
	"refundOrder":                   {"POST", "/refunds"},
	"releaseRemainingAuthorization": {"POST", "/release-remaining-authorization"},
	"extendDueDate":                 {"PATCH", "/captures/{capture_id}/extend-due-date"},
	"getOptionsForExtendDueDate":    {"GET", "/captures/{capture_id}/extend-due-date-options"},
}

type object = map[string]any

// The arguments stay JSON, because numbers would become floats.
type command struct {
	ID        int                        `json:"id"`
	Operation string                     `json:"operation"`
	OrderID   string                     `json:"order_id"`
	Arguments map[string]json.RawMessage `json:"arguments"`
}

// A small client: it retries with the same key, and reports only what it knows.
type client struct {
	hello hello
	http  http.Client
}

func newClient(hello hello) *client {
	return &client{hello, http.Client{
		Timeout:       time.Duration(hello.TimeoutS * float64(time.Second)),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func operations() (names []string) {
	for name := range paths {
		names = append(names, name)
	}
	return names
}

func (c *client) execute(command command) object {
	known, ok := paths[command.Operation]
	if !ok {
		return object{"outcome": "unsupported"}
	}
	method, url := known[0], c.hello.BaseURL+"/ordermanagement/v1/orders/"+command.OrderID+known[1]
	url = strings.Replace(url, "{capture_id}", text(command.Arguments["capture_id"]), 1)
	delete(command.Arguments, "capture_id")
	key := uuid() // of all attempts, because any of them may have taken effect
	unclear := false
	pause := time.Duration(0)
	for attempt := 0; attempt < attempts; attempt++ {
		time.Sleep(pause)
		pause = 100 * time.Millisecond << attempt
		response, body, err := c.send(method, url, command.Arguments, key)
		switch {
		case err != nil: // no complete response: the effect is unknown
			unclear = true
		case response.StatusCode < 300:
			return done(command.Operation, response, body)
		case response.StatusCode == 429:
			if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil {
				pause = time.Duration(seconds) * time.Second
			}
			if pause > longestPause {
				return object{"outcome": "unknown"}
			}
		case response.StatusCode >= 500:
			unclear = true
		case unclear || response.StatusCode < 400:
			return object{"outcome": "unknown"}
		default:
			return refused(response, body)
		}
	}
	return object{"outcome": "unknown"}
}

// One attempt, with the whole body of its response.
func (c *client) send(method, url string, arguments map[string]json.RawMessage, key string) (*http.Response, []byte, error) {
	var content []byte
	if len(arguments) > 0 {
		content, _ = json.Marshal(arguments)
	}
	request, err := http.NewRequest(method, url, bytes.NewReader(content))
	if err != nil {
		return nil, nil, err
	}
	request.SetBasicAuth(c.hello.Username, c.hello.Password)
	if method != "GET" {
		request.Header.Set("Klarna-Idempotency-Key", key)
	}
	if content != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response, body, err
}

func done(operation string, response *http.Response, body []byte) object {
	switch operation {
	case "refundOrder":
		refundID := response.Header.Get("Refund-Id")
		if location := response.Header.Get("Location"); refundID == "" && location != "" {
			refundID = path.Base(location)
		}
		return object{"outcome": "done", "refund_id": refundID}
	case "getOptionsForExtendDueDate":
		options, ok := members(body)["options"]
		if !ok {
			return object{"outcome": "unknown"}
		}
		return object{"outcome": "done", "options": options}
	}
	return object{"outcome": "done"}
}

func refused(response *http.Response, body []byte) object {
	outcome := object{"outcome": "refused"}
	if id := response.Header.Get("Klarna-Correlation-Id"); id != "" {
		outcome["correlation_id"] = id
	}
	known := members(body)
	if message, ok := known["error_message"]; ok {
		outcome["error_messages"] = []any{message}
	}
	for _, name := range []string{"error_code", "error_messages", "correlation_id"} {
		if value, ok := known[name]; ok {
			outcome[name] = value
		}
	}
	return outcome
}

// The members of a JSON body; none for other bodies, such as an error page.
func members(body []byte) (found map[string]json.RawMessage) {
	if json.Unmarshal(body, &found) != nil {
		return nil
	}
	return found
}

func text(raw json.RawMessage) (value string) {
	_ = json.Unmarshal(raw, &value)
	return value
}

func uuid() string {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic(err)
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
