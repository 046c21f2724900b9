# 1. Build the JSON body exactly as it will be sent on the wire.
BODY='{"externalOrderId":"ORD-10293","status":"delivered","statusUpdatedAt":"2026-06-14T09:30:00Z","reason":"Carrier confirmed delivery"}'

# 2. Timestamp (unix seconds) — must be within the allowed tolerance.
TS=$(date +%s)

# 3. Sign "${TS}.${BODY}" with your signing secret (lowercase hex).
SIG=$(printf '%s' "${TS}.${BODY}" | openssl dgst -sha256 -hmac "$AFF_SIGNING_SECRET" -r | cut -d' ' -f1)

curl -sS -X POST https://api.example.com/api/v1/order-status \
  -H "Content-Type: application/json" \
  -H "X-Api-Key: $AFF_API_KEY" \
  -H "X-Timestamp: $TS" \
  -H "X-Signature: $SIG" \
  -H "Idempotency-Key: order-status-ORD-10293-delivered" \
  -d "$BODY"

# -> 202 Accepted. The status event is queued; commission effects are applied
#    asynchronously. Re-send the SAME request with the SAME Idempotency-Key to
#    retry safely — duplicates are deduped, not double-counted.
