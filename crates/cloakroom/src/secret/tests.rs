use super::*;

#[test]
fn o30_what_is_sealed_opens_for_its_own_row_purpose_and_key_only() {
    let key = SecretKey::new(&[7; 32]).expect("long enough");
    let sealed = key.seal(Purpose::ProviderTokens, "row-1", "gho_canary");
    assert!(!sealed.contains("canary"));
    assert_ne!(
        sealed,
        key.seal(Purpose::ProviderTokens, "row-1", "gho_canary"),
        "the nonce is new each time"
    );
    assert_eq!(key.unseal(Purpose::ProviderTokens, "row-1", &sealed).as_deref(), Some("gho_canary"));
    assert!(key.unseal(Purpose::ProviderTokens, "row-2", &sealed).is_none());
    assert!(key.unseal(Purpose::LimitKey, "row-1", &sealed).is_none());
    let other = SecretKey::new(&[8; 32]).expect("long enough");
    assert!(other.unseal(Purpose::ProviderTokens, "row-1", &sealed).is_none());
    for length in 0..sealed.len() {
        assert!(key.unseal(Purpose::ProviderTokens, "row-1", &sealed[..length]).is_none(), "{length}");
    }
    let changed = sealed.replace("c1.", "c2.");
    assert!(key.unseal(Purpose::ProviderTokens, "row-1", &changed).is_none());
}

/// RFC 7636, appendix B.
#[test]
fn o09_the_challenge_is_the_standards_own_example() {
    let verifier = Ticket::parse(b"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").expect("43 characters");
    assert_eq!(verifier.code_challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

/// RFC 4231, test case 2.
#[test]
fn hexadecimal_hmacs_are_the_standards_own() {
    let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    assert_eq!(hmac_hex(b"Jefe", b"what do ya want for nothing?"), expected);
}
