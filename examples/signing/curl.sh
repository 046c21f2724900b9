#!/usr/bin/env bash
# Reports a conversion and reads its event, with curl and openssl alone.
set -euo pipefail
: "${KHATA_URL:?such as http://127.0.0.1:8787}" "${KHATA_KEY_ID:?pk_test_…}"
: "${KHATA_SIGNING_SECRET:?sk_test_…}"
attempts_max=5

# call METHOD PATH BODY [HEADER]…: signs, sends, tries again after 429 and 503; prints status and
# answer, and fails unless the answer is a 2xx.
call() {
  local method=$1 path=$2 body=$3 header timestamp text signature answer status attempt
  shift 3
  local options=(-X "$method")
  for header in "$@"; do options+=(-H "$header"); done
  if [[ -n $body ]]; then
    options+=(-H 'Content-Type: application/json' --data-binary "$body")
  fi
  for ((attempt = 0; attempt < attempts_max; attempt++)); do
    # Waits 1, 2, 4, 8 s: a second at least, so that the same text gets another signature.
    if ((attempt > 0)); then sleep $((1 << (attempt - 1))); fi
    timestamp=$(date +%s)
    if [[ $method == POST && -n $body ]]; then
      text="$timestamp.$body"
    else
      text="$timestamp.$method $path.$body"
    fi
    signature=$(printf '%s' "$text" |
      openssl dgst -sha256 -hmac "$KHATA_SIGNING_SECRET" -r | cut -d' ' -f1)
    answer=$(curl -sS "${options[@]}" -w '\n%{http_code}' -H "X-Api-Key: $KHATA_KEY_ID" \
      -H "X-Timestamp: $timestamp" -H "X-Signature: $signature" "$KHATA_URL$path")
    status=${answer##*$'\n'}
    if [[ $status != 429 && $status != 503 ]]; then break; fi
  done
  printf '%s %s\n' "$status" "${answer%$'\n'*}"
  [[ $status == 2?? ]]
}

order_id=${KHATA_ORDER_ID:-ORD-$(date +%s)}
body=$(printf '{"externalOrderId":"%s","orderAmount":"2999.00"}' "$order_id")
key=conversion-$order_id
reported=$(call POST /api/v1/conversions "$body" "Idempotency-Key: $key") && is_taken=1 || is_taken=
printf '%s\n' "$reported"
if [[ -z $is_taken ]]; then exit 1; fi
event_id=$(sed -n 's/.*"eventId":"\([^"]*\)".*/\1/p' <<<"$reported")
# An order that was reported under another Idempotency-Key is a duplicate and has no event.
if [[ -n $event_id ]]; then call GET "/api/v1/events/$event_id" ''; fi
