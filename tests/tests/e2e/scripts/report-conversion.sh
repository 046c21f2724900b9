#!/usr/bin/env bash
# Report a confirmed order to the affiliate API.
# Requires: openssl, curl. Replace the key id and signing secret.

API_BASE="https://api.example.com"
API_KEY="live_pk_xxxxxxxxxxxxxxxx"
SIGNING_SECRET="sk_live_xxxxxxxxxxxxxxxxxxxxxxxx"

# Compact, byte-exact JSON body. The signature is computed over THIS exact text,
# so sign the raw bytes you actually send (do not re-serialise after signing).
BODY='{"clickId":"clk_8Q2c0r7m4w","externalOrderId":"SHOP-100245","externalProductId":"SKU-RED-42","orderAmount":"2999.00","currency":"NPR","orderStatus":"confirmed","orderedAt":"2026-06-14T09:30:00Z","couponCode":"AFF10","metadata":{"channel":"instagram"}}'

TS="$(date +%s)"
# X-Signature = lowercase hex HMAC-SHA256 of "${TS}.${BODY}" with your secret.
SIG="$(printf '%s.%s' "$TS" "$BODY" \
  | openssl dgst -sha256 -hmac "$SIGNING_SECRET" -r \
  | cut -d ' ' -f1)"

curl -sS -X POST "$API_BASE/api/v1/conversions" \
  -H "Content-Type: application/json" \
  -H "X-Api-Key: $API_KEY" \
  -H "X-Timestamp: $TS" \
  -H "X-Signature: $SIG" \
  -H "X-Idempotency-Key: SHOP-100245" \
  --data-raw "$BODY"

# 202 Accepted (new):       {"eventId":"...","status":"RECEIVED","duplicate":false}
# 202 Accepted (duplicate): {"status":"DUPLICATE","conversionId":"...","duplicate":true}
