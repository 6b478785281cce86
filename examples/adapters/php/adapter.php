<?php
// Adapter with a small client that uses curl. Copy it, and call your own client in `execute`.
declare(strict_types=1);
ini_set('display_errors', 'stderr'); // warnings on stdout would break the protocol

const PATHS = [
    'refundOrder' => ['POST', '/refunds'],
    'releaseRemainingAuthorization' => ['POST', '/release-remaining-authorization'],
    'extendDueDate' => ['PATCH', '/captures/{capture_id}/extend-due-date'],
    'getOptionsForExtendDueDate' => ['GET', '/captures/{capture_id}/extend-due-date-options'],
];
const ATTEMPTS = 4;
const LONGEST_PAUSE_S = 30;

function execute(object $hello, string $operation, string $orderId, object $arguments): array
{
    [$method, $suffix] = PATHS[$operation];
    $suffix = str_replace('{capture_id}', $arguments->capture_id ?? '', $suffix);
    $url = "$hello->base_url/ordermanagement/v1/orders/$orderId$suffix";
    unset($arguments->capture_id);
    $body = (array) $arguments ? json_encode($arguments) : null;
    // All attempts use the same key, because any of them may have taken effect.
    $headers = $method === 'GET' ? [] : ['Klarna-Idempotency-Key: ' . uuid()];
    $unclear = false;
    $pause = 0.0;
    for ($attempt = 0; $attempt < ATTEMPTS; $attempt++) {
        usleep((int) ($pause * 1e6));
        $pause = 0.1 * 2 ** $attempt;
        [$status, $answered, $text] = send($hello, $method, $url, $headers, $body);
        if ($status >= 200 && $status < 300) {
            return done($operation, $answered, $text);
        }
        if ($status === 429) {
            $seconds = $answered['retry-after'] ?? '';
            $pause = ctype_digit($seconds) ? (float) $seconds : $pause;
            if ($pause > LONGEST_PAUSE_S) {
                break;
            }
        } elseif ($status >= 500 || $status === 0) {
            $unclear = true; // the effect is unknown
        } else {
            return $unclear || $status < 400 ? ['outcome' => 'unknown'] : refused($answered, $text);
        }
    }
    return ['outcome' => 'unknown'];
}

/** One attempt: status, headers by lower-case name, body; the status is 0 without a complete response. */
function send(object $hello, string $method, string $url, array $headers, ?string $body): array
{
    $curl = curl_init();
    $answered = [];
    curl_setopt_array($curl, [
        CURLOPT_URL => $url,
        CURLOPT_CUSTOMREQUEST => $method,
        CURLOPT_USERPWD => "$hello->username:$hello->password",
        CURLOPT_HTTPHEADER => $body === null ? $headers : [...$headers, 'Content-Type: application/json'],
        CURLOPT_TIMEOUT_MS => (int) ($hello->timeout_s * 1000),
        // On a reused connection, curl retries silently.
        CURLOPT_FRESH_CONNECT => true,
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_HEADERFUNCTION => function ($curl, string $line) use (&$answered): int {
            [$name, $value] = explode(':', $line, 2) + [1 => ''];
            $answered[strtolower($name)] = trim($value);
            return strlen($line);
        },
    ]);
    if ($body !== null) {
        curl_setopt($curl, CURLOPT_POSTFIELDS, $body);
    }
    $text = curl_exec($curl);
    return $text === false ? [0, [], ''] : [curl_getinfo($curl, CURLINFO_RESPONSE_CODE), $answered, $text];
}

function done(string $operation, array $answered, string $text): array
{
    if ($operation === 'refundOrder') {
        $location = basename($answered['location'] ?? '');
        return ['outcome' => 'done', 'refund_id' => ($answered['refund-id'] ?? $location) ?: null];
    }
    if ($operation === 'getOptionsForExtendDueDate') {
        $options = json_decode($text)->options ?? null;
        return ['outcome' => $options === null ? 'unknown' : 'done', 'options' => $options];
    }
    return ['outcome' => 'done'];
}

function refused(array $answered, string $text): array
{
    $error = json_decode($text); // null for other bodies, such as an error page
    return [
        'outcome' => 'refused',
        'error_code' => $error->error_code ?? null,
        'error_messages' => $error->error_messages ?? [$error->error_message ?? ''],
        'correlation_id' => $error->correlation_id ?? $answered['klarna-correlation-id'] ?? null,
    ];
}

function uuid(): string
{
    $bytes = random_bytes(16);
    $bytes[6] = chr(ord($bytes[6]) & 0x0f | 0x40);
    $bytes[8] = chr(ord($bytes[8]) & 0x3f | 0x80);
    return vsprintf('%s%s-%s-%s-%s-%s%s%s', str_split(bin2hex($bytes), 4));
}

while (($line = fgets(STDIN)) !== false) {
    $command = json_decode($line);
    if (isset($command->hello)) {
        $hello = $command->hello;
        $answer = ['ready' => ['client' => 'example 1.0 (php ' . PHP_VERSION . ')', 'operations' => array_keys(PATHS)]];
    } elseif (!isset(PATHS[$command->operation])) {
        $answer = ['id' => $command->id, 'outcome' => 'unsupported'];
    } else {
        $answer = ['id' => $command->id, ...execute($hello, $command->operation, $command->order_id, $command->arguments)];
    }
    fwrite(STDOUT, json_encode($answer) . "\n");
}
