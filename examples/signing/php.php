<?php
// Reports a conversion and reads its event, with nothing but PHP.
declare(strict_types=1);

const ATTEMPTS_MAX = 5;

function setting(string $name): string
{
    $value = getenv($name);
    if ($value === false || $value === '') {
        fwrite(STDERR, "set $name\n");
        exit(1);
    }
    return $value;
}

/** A POST with a body signs time and body; every other call its method and path, too. */
function sign(string $timestamp, string $method, string $path, string $body): string
{
    $text = $method === 'POST' && $body !== ''
        ? "$timestamp.$body"
        : "$timestamp.$method $path.$body";
    return hash_hmac('sha256', $text, setting('KHATA_SIGNING_SECRET'));
}

/** One attempt: the status and the answer's text. */
function send(string $method, string $path, string $body, array $headers): array
{
    $timestamp = (string) time();
    $headers[] = 'X-Api-Key: ' . setting('KHATA_KEY_ID');
    $headers[] = "X-Timestamp: $timestamp";
    $headers[] = 'X-Signature: ' . sign($timestamp, $method, $path, $body);
    if ($body !== '') {
        $headers[] = 'Content-Type: application/json';
    }
    $http = ['method' => $method, 'header' => $headers, 'content' => $body,
        'ignore_errors' => true, 'timeout' => 30];
    $context = stream_context_create(['http' => $http]);
    $stream = fopen(setting('KHATA_URL') . $path, 'r', false, $context);
    if ($stream === false) {
        exit(1);
    }
    $text = (string) stream_get_contents($stream);
    // `HTTP/1.1 202 Accepted`
    $status = (int) explode(' ', stream_get_meta_data($stream)['wrapper_data'][0])[1];
    return [$status, $text];
}

/** Signs and sends; tries again after 429 and 503, each time with a later second. */
function call(string $method, string $path, string $body = '', array $headers = []): array
{
    for ($attempt = 1; ; $attempt++) {
        [$status, $text] = send($method, $path, $body, $headers);
        if (!in_array($status, [429, 503], true) || $attempt === ATTEMPTS_MAX) {
            break;
        }
        // 1, 2, 4, 8 s: a second at least, so that the same text gets another signature.
        sleep(2 ** ($attempt - 1));
    }
    echo $status, ' ', $text, "\n";
    if ($status < 200 || $status > 299) {
        exit(1);
    }
    return json_decode($text, true);
}

$orderId = getenv('KHATA_ORDER_ID') ?: 'ORD-' . uniqid();
// Made once: the text that is signed is the text that is sent.
$body = json_encode(['externalOrderId' => $orderId, 'orderAmount' => '2999.00']);
$reported = call('POST', '/api/v1/conversions', $body, ["Idempotency-Key: conversion-$orderId"]);
// An order that was reported under another Idempotency-Key is a duplicate and has no event.
if (isset($reported['eventId'])) {
    call('GET', '/api/v1/events/' . $reported['eventId']);
}
