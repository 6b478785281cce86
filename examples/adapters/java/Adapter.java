// Adapter with a small client that uses java.net.http. Copy it, and call your own client in `answer`.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

public class Adapter {
    public static void main(String[] arguments) throws Exception {
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        var hello = Json.members(Json.members(lines.readLine()).get("hello"));
        var client = new Client(hello);
        write(Map.of("ready", Json.object(Map.of(
            "client", Json.quoted("example 1.0 (java " + Runtime.version().feature() + ")"),
            "operations", Client.PATHS.keySet().stream().map(Json::quoted).toList().toString()))));
        for (String line; (line = lines.readLine()) != null; ) {
            var command = Json.members(line);
            var answer = new LinkedHashMap<>(Map.of("id", command.get("id")));
            answer.putAll(answer(client, command));
            write(answer);
        }
    }

    private static Map<String, String> answer(Client client, Map<String, String> command) throws Exception {
        var operation = Json.text(command.get("operation"));
        if (!Client.PATHS.containsKey(operation)) {
            return Client.outcome("unsupported");
        }
        return client.execute(operation, Json.text(command.get("order_id")), Json.members(command.get("arguments")));
    }

    private static void write(Map<String, String> answer) {
        System.out.writeBytes((Json.object(answer) + "\n").getBytes(StandardCharsets.UTF_8));
        System.out.flush();
    }
}

class Client {
    record Call(String method, String suffix) {}

    static final Map<String, Call> PATHS = Map.of(
        "refundOrder", new Call("POST", "/refunds"),
        "releaseRemainingAuthorization", new Call("POST", "/release-remaining-authorization"),
        "extendDueDate", new Call("PATCH", "/captures/{capture_id}/extend-due-date"),
        "getOptionsForExtendDueDate", new Call("GET", "/captures/{capture_id}/extend-due-date-options"));
    private static final int ATTEMPTS = 4;
    private static final long LONGEST_PAUSE_MS = 30_000;
    private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final String orders;
    private final String credentials;
    private final long timeoutMs;

    Client(Map<String, String> hello) {
        orders = Json.text(hello.get("base_url")) + "/ordermanagement/v1/orders/";
        var pair = Json.text(hello.get("username")) + ":" + Json.text(hello.get("password"));
        credentials = Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
        timeoutMs = (long) (1000 * Double.parseDouble(hello.get("timeout_s")));
    }

    Map<String, String> execute(String operation, String orderId, Map<String, String> body) throws Exception {
        var call = PATHS.get(operation);
        var captureId = body.containsKey("capture_id") ? Json.text(body.remove("capture_id")) : "";
        var url = orders + orderId + call.suffix.replace("{capture_id}", captureId);
        var request = HttpRequest.newBuilder(URI.create(url)).header("Authorization", "Basic " + credentials)
            .method(call.method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(Json.object(body)));
        if (!body.isEmpty()) {
            request.header("Content-Type", "application/json");
        }
        var key = UUID.randomUUID().toString(); // of all attempts, because any of them may have taken effect
        var unclear = false;
        long pauseMs = 0;
        for (int attempt = 0; attempt < ATTEMPTS && pauseMs <= LONGEST_PAUSE_MS; attempt++) {
            Thread.sleep(pauseMs);
            pauseMs = 100L << attempt;
            if (!call.method.equals("GET")) {
                request.setHeader("Klarna-Idempotency-Key", key);
            }
            HttpResponse<String> response;
            try {
                response = send(request.build());
            } catch (ExecutionException | TimeoutException failure) {
                unclear = true; // no complete response: the effect is unknown
                continue;
            }
            var status = response.statusCode();
            if (status < 300) {
                return done(operation, response);
            } else if (status == 429) {
                var seconds = response.headers().firstValue("retry-after").orElse("");
                pauseMs = seconds.matches("\\d{1,9}") ? 1000 * Long.parseLong(seconds) : pauseMs;
            } else if (status >= 500) {
                unclear = true;
            } else {
                return unclear || status < 400 ? outcome("unknown") : refused(response);
            }
        }
        return outcome("unknown");
    }

    /** One attempt. The timeout of a request would end with the headers, and this one does not. */
    private HttpResponse<String> send(HttpRequest request) throws Exception {
        var sending = http.sendAsync(request, BodyHandlers.ofString());
        try {
            return sending.get(timeoutMs, TimeUnit.MILLISECONDS);
        } finally {
            sending.cancel(true);
        }
    }

    private static Map<String, String> done(String operation, HttpResponse<String> response) {
        if (operation.equals("refundOrder")) {
            var location = response.headers().firstValue("location").orElse("").split("/");
            var refundId = response.headers().firstValue("refund-id").orElse(location[location.length - 1]);
            return outcome("done", "refund_id", refundId.isEmpty() ? null : Json.quoted(refundId));
        }
        if (operation.equals("getOptionsForExtendDueDate")) {
            var options = Json.members(response.body()).get("options");
            return outcome(options == null ? "unknown" : "done", "options", options);
        }
        return outcome("done");
    }

    private static Map<String, String> refused(HttpResponse<String> response) {
        var error = Json.members(response.body());
        var correlationId = response.headers().firstValue("klarna-correlation-id").map(Json::quoted).orElse(null);
        return outcome("refused",
            "error_code", error.get("error_code"),
            "error_messages", error.getOrDefault("error_messages", "[" + error.getOrDefault("error_message", "") + "]"),
            "correlation_id", error.getOrDefault("correlation_id", correlationId));
    }

    /** An outcome with its details: names, each followed by its JSON; null is omitted. */
    static Map<String, String> outcome(String outcome, String... details) {
        var members = new LinkedHashMap<>(Map.of("outcome", Json.quoted(outcome)));
        for (int index = 0; index < details.length; index += 2) {
            if (details[index + 1] != null) {
                members.put(details[index], details[index + 1]);
            }
        }
        return members;
    }
}

/** Objects whose values stay JSON text, so that amounts and texts are passed on as they are written. */
class Json {
    private static final Pattern TOKEN =
        Pattern.compile("\"(?:[^\"\\\\]++|\\\\.)*+\"|[{}\\[\\]:,]|[^\\s{}\\[\\]:,\"]+");
    private static final Pattern ESCAPE = Pattern.compile("\\\\(?:u(\\p{XDigit}{4})|(.))");

    /** The members of an object, each with the JSON of its value; none for anything else. */
    static Map<String, String> members(String json) {
        var members = new LinkedHashMap<String, String>();
        var tokens = TOKEN.matcher(json);
        String name = null, last = "";
        int depth = 0, start = 0;
        while (tokens.find()) {
            var token = tokens.group();
            if (depth == 0 && !token.equals("{")) {
                return Map.of();
            }
            if (depth == 1 && name != null && (token.equals(",") || token.equals("}"))) {
                members.put(name, json.substring(start, tokens.start()).strip());
                name = null;
            } else if (depth == 1 && name == null && token.equals(":")) {
                name = text(last);
                start = tokens.end();
            }
            depth += "{[".contains(token) ? 1 : "}]".contains(token) ? -1 : 0;
            last = token;
        }
        return depth == 0 ? members : Map.of();
    }

    static String object(Map<String, String> members) {
        return members.entrySet().stream()
            .map(member -> quoted(member.getKey()) + ": " + member.getValue())
            .collect(Collectors.joining(", ", "{", "}"));
    }

    static String text(String quoted) {
        return ESCAPE.matcher(quoted.substring(1, quoted.length() - 1)).replaceAll(escape -> {
            var text = escape.group(1) != null ? String.valueOf((char) Integer.parseInt(escape.group(1), 16))
                : switch (escape.group(2)) {
                    case "b" -> "\b";
                    case "f" -> "\f";
                    case "n" -> "\n";
                    case "r" -> "\r";
                    case "t" -> "\t";
                    default -> escape.group(2);
                };
            return java.util.regex.Matcher.quoteReplacement(text);
        });
    }

    static String quoted(String text) {
        var json = new StringBuilder("\"");
        text.chars().forEach(each -> json.append(
            each < ' ' || each == '"' || each == '\\' ? String.format("\\u%04x", each) : String.valueOf((char) each)));
        return json.append('"').toString();
    }
}
