use super::*;

/// The example of RFC 7515, appendix A.1, and the unsecured one of RFC 7519, §6.1.
const SIGNED: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const UNSECURED: &str = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.";

/// The places and algorithms of what is found.
fn found(text: &str) -> Vec<(String, String)> {
    let founds = tokens(text).unwrap_or_else(|failure| panic!("{text}: {failure}"));
    let told = |found: Found| match found.content {
        Content::Readable(parts) => (found.place.unwrap_or_default(), parts.alg().unwrap_or_default()),
        Content::Opaque(_) => (found.place.unwrap_or_default(), "opaque".to_owned()),
    };
    founds.into_iter().map(told).collect()
}

fn is_found_in(place: &str, text: &str) {
    assert_eq!(found(text), [(place.to_owned(), "HS256".to_owned())], "{text}");
    match &tokens(text).unwrap()[0].content {
        Content::Readable(parts) => {
            assert_eq!((parts.signature_bytes(), parts.flaws.len()), (32, 0), "{text}")
        }
        Content::Opaque(sentence) => panic!("{text}: {sentence}"),
    }
}

#[test]
fn a_token_is_found_in_what_stands_around_it() {
    for (place, before, after) in [
        ("", "", ""),
        ("", "\u{feff}", "\r\n"),
        ("", "Bearer ", ""),
        ("", "bearer ", " "),
        ("", "\"", "\","),
        ("", "'", "'"),
        ("", "", ","),
        ("", "", "%20"),
        ("", "Bearer%20", ""),
        ("Authorization", "Authorization: Bearer ", ""),
        ("authorization", "authorization: bearer ", "\r\nHost: api.example\r\n"),
        ("Cookie: b", "Cookie: a=1; b=", "; c=2"),
        ("Set-Cookie: b", "Set-Cookie: b=", "; Path=/; HttpOnly"),
        ("access_token", "https://app.example/callback#access_token=", "&token_type=Bearer"),
        ("Authorization", "curl -H 'Authorization: Bearer ", "' https://api.example/me"),
        ("TOKEN", "export TOKEN=", ""),
        ("id_token", "{\"id_token\": \"", "\"}"),
        ("data.list[1]", "{\"data\": {\"list\": [7, \"Bearer ", "\"]}}"),
        ("access_token", "HTTP/1.1 200 OK\n\n{\"access_token\": \"", "\", \"expires_in\": 900"),
    ] {
        is_found_in(place, &format!("{before}{SIGNED}{after}"));
    }
}

#[test]
fn a_token_of_several_lines_is_put_together() {
    for width in [10, 20, 64, 76] {
        let lines: Vec<_> =
            SIGNED.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap()).collect();
        for between in ["\n", "\r\n", " ", "\n   "] {
            is_found_in("", &lines.join(between));
        }
        is_found_in("Authorization", &format!("Authorization: Bearer {}", lines.join("\n\t")));
    }
    is_found_in("", &SIGNED.replace('.', ".\n"));
    is_found_in("", &SIGNED.replace('.', "\n."));
}

#[test]
fn several_tokens_are_each_found_once_with_their_place() {
    let place = |place: &str, alg: &str| (place.to_owned(), alg.to_owned());
    let answer = format!(
        r#"{{"access_token":"{SIGNED}","token_type":"Bearer","refresh_token":"rt1.AAAA","id_token":"{UNSECURED}"}}"#
    );
    let three = [place("access_token", "HS256"), place("id_token", "none"), place("refresh_token", "opaque")];
    assert_eq!(found(&answer), three);
    let lines = [place("", "HS256"), place("", "none")];
    assert_eq!(found(&format!("{SIGNED}\n{UNSECURED}\n{SIGNED}\n")), lines);
    let cookies = [place("Cookie: a", "none"), place("Cookie: b", "HS256")];
    assert_eq!(found(&format!("Cookie: a={UNSECURED}; b={SIGNED}")), cookies);
}

#[test]
fn what_contains_no_token_is_told_what_it_is_instead() {
    let fault = |text: &str| tokens(text).unwrap_err().to_string();
    for (text, says) in [
        ("", "which is empty"),
        ("rt1.AAECAwQF", "refresh token of the hybrid design"),
        ("Cookie: refresh=rt1.AAECAwQF", "refresh token of the hybrid design"),
        ("2YotnFZFEjr1zCsicMWpAA", "no JWT but an opaque value"),
        ("Authorization: Bearer 2YotnFZFEjr1zCsicMWpAA", "no JWT but an opaque value"),
        ("{\"refresh_token\":\"tGzv3JOkF0XG5Qx2TlKWIA\"}", "no JWT but an opaque value"),
        ("v4.local.AAAA", "PASETO"),
        ("a.b", "this has 2"),
        ("a.b.c.d.e", "header is not base64url"),
        ("not a token", "contains no token"),
        ("\"\"\"", "contains no token"),
        ("[[[[", "contains no token"),
        ("{\"kty\":\"oct\"}", "--key FILE"),
        ("-----BEGIN PUBLIC KEY-----", "--key FILE"),
        ("{\"error\":\"invalid_grant\"}", "none of its strings is a token"),
    ] {
        assert!(fault(text).contains(says), "{text}: {}", fault(text));
    }
}

#[test]
fn percent_signs_are_decoded_only_where_they_encode_ascii() {
    assert_eq!(percent_decoded("a%20b%3D%3d"), "a b==");
    assert_eq!(percent_decoded("100%, %zz, %C3%A9, %"), "100%, %zz, %C3%A9, %");
    assert_eq!(percent_decoded("%é%+1"), "%é%+1");
}
