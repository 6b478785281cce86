// Adapter for the small client in client.go. Copy it, and call your own client in its place.
package main

import (
	"encoding/json"
	"os"
	"runtime"
)

type hello struct {
	BaseURL  string  `json:"base_url"`
	Username string  `json:"username"`
	Password string  `json:"password"`
	TimeoutS float64 `json:"timeout_s"`
}

func main() {
	lines, answers := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	var greeting struct{ Hello hello }
	check(lines.Decode(&greeting))
	client := newClient(greeting.Hello)
	name := "example 1.0 (" + runtime.Version() + ")"
	check(answers.Encode(object{"ready": object{"client": name, "operations": operations()}}))
	for lines.More() {
		var command command
		check(lines.Decode(&command))
		outcome := client.execute(command)
		outcome["id"] = command.ID
		check(answers.Encode(outcome))
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
