use super::*;

const KEY: &str = "1=0123456789abcdef0123456789abcdef";

/// Computed once by an independent implementation of the format: the secret is 32 bytes of 42, user 1, session 2, a
/// mobile client.
const FIRST: &str = "rt1.AAECAAAAAAAAAAAAAAAAAAAAAQAAAAAAAAAAAAAAAAAAAAIAAAABKioqKioqKioqKioqKioqKioqKioqKioqKioqKioqKipowRkzn25P1GKn7hJ6gcCH";
const SECOND: &str = "rt1.AAECAAAAAAAAAAAAAAAAAAAAAQAAAAAAAAAAAAAAAAAAAAIAAAACRD5mrQ5MwcFLAJqrEExU-KL85OYpEXjp4IaiZOYLeALpdCl3ntFtbwDogrv6Qf9S";

fn keys(text: &str) -> Keys {
    Keys::derive(&text.parse().unwrap()).unwrap()
}

#[test]
fn the_wire_format_is_what_it_was() {
    let token = keys(KEY).verify(FIRST).unwrap();
    assert_eq!((token.user_id(), token.session_id()), (Uuid::from_u128(1), Uuid::from_u128(2)));
    assert_eq!((token.client(), token.generation()), (ClientKind::Mobile, 1));
    assert_eq!(token.same().expose(), FIRST);
    assert_eq!(token.successor().expose(), SECOND);
}

#[test]
fn a_token_knows_the_digests_that_its_successors_will_have() {
    let keys = keys(KEY);
    let user = Uuid::from_u128(9);
    let first = keys.first_token(user, ClientKind::Web).unwrap();
    let one = keys.verify(first.token.expose()).unwrap();
    let two = keys.verify(one.successor().expose()).unwrap();
    let three = keys.verify(two.successor().expose()).unwrap();
    assert_eq!(first.digests[..], one.digests()[..2]);
    assert_eq!(one.digests()[1..], two.digests()[..2]);
    assert_eq!(two.digests()[1..], three.digests()[..2]);
    assert_eq!((three.user_id(), three.session_id()), (user, first.session_id));
    assert_eq!((three.generation(), three.client()), (3, ClientKind::Web));
}

#[test]
fn two_sessions_of_one_user_share_nothing() {
    let keys = keys(KEY);
    let first = |_| keys.first_token(Uuid::from_u128(9), ClientKind::Web).unwrap();
    let [one, two] = [0, 1].map(first);
    assert_ne!(one.session_id, two.session_id);
    assert_ne!(one.digests, two.digests);
}

#[test]
fn not_one_bit_of_a_token_can_be_changed() {
    let keys = keys(KEY);
    let bytes = URL_SAFE_NO_PAD.decode(FIRST.strip_prefix(PREFIX).unwrap()).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(changed));
        assert!(keys.verify(&text).is_none(), "bit {bit}");
    }
}

#[test]
fn not_one_character_of_a_token_can_be_changed() {
    let keys = keys(KEY);
    for at in 0..FIRST.len() {
        for other in (0x20..0x7f).map(char::from).filter(|c| !FIRST[at..].starts_with(*c)) {
            let text = format!("{}{other}{}", &FIRST[..at], &FIRST[at + 1..]);
            assert!(keys.verify(&text).is_none(), "{other:?} at {at}");
        }
    }
}

#[test]
fn a_token_has_one_length_and_one_spelling() {
    let keys = keys(KEY);
    assert_eq!(FIRST.len(), TOKEN_CHARS);
    assert!(keys.verify(FIRST).is_some());
    let (short, upper, shifted) =
        (&FIRST[..FIRST.len() - 1], FIRST.to_uppercase(), FIRST.replace("rt1", "rt2"));
    for text in ["", "rt1.", short, &upper, &shifted, &FIRST[4..], "é"] {
        assert!(keys.verify(text).is_none(), "{text}");
    }
    for text in [format!("{FIRST}A"), format!("{FIRST}="), format!(" {FIRST}"), format!("{FIRST}\n")] {
        assert!(keys.verify(&text).is_none(), "{text}");
    }
}

#[test]
fn a_sealed_token_of_an_unknown_kind_or_without_a_successor_is_none() {
    let keys = keys(KEY);
    let fields = |generation| Fields {
        client: ClientKind::Web,
        user_id: Uuid::from_u128(1),
        session_id: Uuid::from_u128(2),
        generation,
        secret: Secret([7; SECRET_BYTES]),
    };
    assert!(keys.verify(seal(keys.issuing(), &fields(u32::MAX - 2)).expose()).is_some());
    assert!(keys.verify(seal(keys.issuing(), &fields(u32::MAX - 1)).expose()).is_none());

    let mut bytes = [0; TOKEN_BYTES];
    for kind in 0..=u8::MAX {
        let mut sealed = fields(1).write(1);
        sealed[2] = kind;
        bytes[..SEALED_BYTES].copy_from_slice(&sealed);
        bytes[SEALED_BYTES..].copy_from_slice(&mac_of(keys.issuing(), &sealed));
        let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
        assert_eq!(keys.verify(&text).is_some(), matches!(kind, 1 | 2), "kind {kind}");
    }
}

#[test]
fn a_new_key_issues_while_sessions_of_the_old_one_keep_theirs() {
    let both = keys("2=fedcba9876543210fedcba9876543210,1=0123456789abcdef0123456789abcdef");
    let old = both.verify(FIRST).unwrap();
    assert_eq!(old.successor().expose(), SECOND);
    let new = both.first_token(Uuid::from_u128(1), ClientKind::Web).unwrap();
    assert!(both.verify(new.token.expose()).is_some());
    assert!(keys(KEY).verify(new.token.expose()).is_none());
    assert!(keys("2=fedcba9876543210fedcba9876543210").verify(FIRST).is_none());
}

#[test]
fn the_same_number_with_another_secret_is_another_key() {
    assert!(keys("1=fedcba9876543210fedcba9876543210").verify(FIRST).is_none());
}

#[test]
fn a_token_does_not_show_itself() {
    let token = keys(KEY).verify(FIRST).unwrap();
    assert_eq!(format!("{:?}", token.same()), "RefreshToken(…)");
    let shown = format!("{token:?}");
    assert!(shown.contains("generation: 1") && !shown.contains("42") && !shown.contains("KioqK"), "{shown}");
}
