//! Passwords as argon2id hashes in PHC form.

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};

/// Hashes a password with a fresh salt. Takes tens of milliseconds of processor time.
pub fn hash(password: &str) -> String {
    let salt = SaltString::encode_b64(&super::draw::bytes::<16>())
        .expect("16 bytes are a salt of the recommended length");
    Argon2::default()
        .hash_password(password.as_bytes(), &salt)
        .expect("the default parameters are valid and take any password")
        .to_string()
}

/// Whether the password made this hash; an unreadable hash fits nothing.
pub fn fits(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_argon2id_and_fits_its_password_alone() {
        let made = hash("correct horse");
        assert!(made.starts_with("$argon2id$"));
        assert!(fits("correct horse", &made));
        assert!(!fits("correct horsf", &made));
        assert!(!fits("correct horse", "not a hash"));
    }
}
