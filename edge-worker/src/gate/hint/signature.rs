//! Tries the usual mistakes one by one until one of them gives the signature that was sent.

use super::Attempt;
use super::{signed_text, spelling};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use shared::signing::{Signature, SignedForm, sign};
use std::borrow::Cow;

/// What every secret of a test key begins with.
const TEST_PREFIX: &str = "sk_test_";

/// Names the mistake that gives the signature sent; `None` when no usual one does.
pub(super) fn mistake(attempt: &Attempt<'_>, secret: &str) -> Option<Cow<'static, str>> {
    let Some(sent) = attempt.signature else {
        return Some("X-Signature is missing".into());
    };
    if let Some(said) = spelling::mistake(sent, &right(attempt, secret)) {
        return Some(said.into());
    }
    let Some(sent) = hex_bytes(sent) else {
        return Some("X-Signature must be 64 lowercase hex digits".into());
    };
    let mut is_signed = |text: &[u8], _| mac(secret.as_bytes(), text) == sent;
    signed_text::find(attempt, &mut is_signed)
        .or_else(|| secret_mistake(attempt, secret, &sent))
        .map(Cow::from)
}

/// Whether the call is right but for being signed with this other secret.
pub(super) fn is_signed_with(attempt: &Attempt<'_>, other_secret: &str) -> bool {
    let sent = attempt.signature.and_then(hex_bytes);
    sent.is_some_and(|sent| right(attempt, other_secret) == sent)
}

fn right(attempt: &Attempt<'_>, secret: &str) -> Signature {
    let form = SignedForm::of_call(attempt.method, attempt.path_and_query, attempt.body);
    sign(secret.as_bytes(), attempt.timestamp.unwrap_or_default(), form, attempt.body)
}

/// A text taken for the secret by mistake: what stands before it, which text, what stands after it,
/// and what is to be said.
type Slip = (&'static str, Text, &'static str, &'static str);

#[derive(Clone, Copy)]
enum Text {
    Secret,
    /// Without its prefix.
    Bare,
    KeyId,
}

const SLIPS: [Slip; 7] = [
    ("", Text::Bare, "", "the key of the HMAC is the whole secret, its sk_test_ prefix included"),
    (
        "sk_live_",
        Text::Bare,
        "",
        "you signed with this key's secret, but with sk_live_ before it in place of sk_test_",
    ),
    ("", Text::KeyId, "", "you signed with the key's public id; sign with its secret"),
    ("", Text::Secret, "\n", "your secret has a line break at its end"),
    ("", Text::Secret, "\r\n", "your secret has a line break at its end"),
    ("", Text::Secret, " ", "your secret has a blank at its end"),
    ("\"", Text::Secret, "\"", "your secret has quotation marks around it"),
];

/// The right text under a text that is not the secret.
pub(super) fn secret_mistake(
    attempt: &Attempt<'_>,
    secret: &str,
    sent: &Signature,
) -> Option<&'static str> {
    for (before, text, after, said) in SLIPS {
        let text = match text {
            Text::Secret => secret,
            Text::Bare => secret.strip_prefix(TEST_PREFIX).unwrap_or(secret),
            Text::KeyId => attempt.key_id,
        };
        let key = [before, text, after].concat();
        if key != secret && right(attempt, &key) == *sent {
            return Some(said);
        }
    }
    None
}

fn mac(key: &[u8], text: &[u8]) -> Signature {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(text);
    mac.finalize().into_bytes().into()
}

fn hex_bytes(text: &str) -> Option<Signature> {
    hex::decode(text).ok()?.try_into().ok()
}
