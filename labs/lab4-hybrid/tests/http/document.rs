//! Tests of `/openapi.json`: the document describes every route, and its responses as they are.

use std::collections::BTreeSet;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::server::{PASSWORD, Server};

async fn document(server: &Server) -> Value {
    let answer = server.call(Method::GET, "/openapi.json", &[], Value::Null).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers["content-type"], "application/json");
    answer.json
}

/// Compares the fields of a response with those that the document allows and requires.
fn fits(document: &Value, path: &str, method: &str, status: &str, answer: &Value) {
    let shape =
        &document["paths"][path][method]["responses"][status]["content"]["application/json"]["schema"];
    // Some changes may also be answered without a credential; the usual response is listed first.
    let shape = shape["anyOf"].get(0).unwrap_or(shape);
    let found: BTreeSet<&str> = answer.as_object().unwrap().keys().map(String::as_str).collect();
    let told: BTreeSet<&str> = shape["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    let required: BTreeSet<&str> =
        shape["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert!(found.is_subset(&told), "{method} {path} answers {found:?}, the document tells of {told:?}");
    assert!(
        required.is_subset(&found),
        "{method} {path} answers {found:?}, the document requires {required:?}"
    );
}

#[tokio::test]
async fn the_document_tells_of_the_shared_routes_and_of_the_hybrids_own() {
    let document = document(&Server::start().await).await;
    assert_eq!(document["openapi"], "3.1.0");
    let paths: Vec<&str> = document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        paths,
        [
            "/auth/account",
            "/auth/account/delete",
            "/auth/login",
            "/auth/logout",
            "/auth/password",
            "/auth/refresh",
            "/auth/sessions",
            "/auth/sessions/{id}",
            "/auth/signup",
            "/health/live",
            "/health/ready",
            "/lab",
            "/lab/clock",
            "/me",
        ]
    );
}

#[tokio::test]
async fn the_hybrids_own_routes_say_what_they_are_for_whom_they_let_in_and_how_they_may_end() {
    let document = document(&Server::start().await).await;
    let told = |path: &str, method: &str| {
        let route = &document["paths"][path][method];
        let names = |list: &Value| -> Vec<String> {
            list.as_array()
                .into_iter()
                .flatten()
                .map(|one| one["name"].as_str().unwrap().to_owned())
                .collect()
        };
        let statuses: Vec<&str> =
            route["responses"].as_object().unwrap().keys().map(String::as_str).collect();
        json!([route["summary"], route["security"], names(&route["parameters"]), statuses])
    };
    assert_eq!(
        told("/auth/sessions", "get"),
        json!(["The user's sessions", [{ "access-token": [] }], [], ["200", "400", "401", "503"]])
    );
    assert_eq!(
        told("/auth/sessions/{id}", "delete"),
        json!(["End one session", [{ "access-token": [] }], ["id"], ["204", "400", "401", "404", "503"]])
    );
    assert_eq!(
        told("/auth/refresh", "post"),
        json!([
            "Exchange a refresh token for a new pair of tokens",
            [{}, { "__Host-refresh": [] }],
            ["idempotency-key"],
            ["200", "400", "401", "403", "413", "415", "422", "503"]
        ])
    );
}

#[tokio::test]
async fn answers_have_the_fields_that_the_document_tells_of() {
    let server = Server::start().await;
    let document = document(&server).await;
    let app = server.sign_up("ann@example.test", "mobile").await;
    fits(&document, "/auth/signup", "post", "201", &app.json);
    fits(&document, "/auth/login", "post", "200", &server.log_in(&[], "web").await.json);
    fits(&document, "/auth/refresh", "post", "200", &server.refresh_app(&app.refresh_token()).await.json);
    fits(&document, "/me", "get", "200", &server.me(&app.access()).await.json);
    for path in ["/lab", "/health/live", "/health/ready"] {
        fits(&document, path, "get", "200", &server.call(Method::GET, path, &[], Value::Null).await.json);
    }
    let sessions =
        &document["paths"]["/auth/sessions"]["get"]["responses"]["200"]["content"]["application/json"];
    let line = json!({ "paths": { "/": { "get": { "responses": { "200": { "content": {
        "application/json": { "schema": sessions["schema"]["items"] } } } } } } } });
    fits(&line, "/", "get", "200", &server.sessions(&app.access()).await.json[0]);
}

#[tokio::test]
async fn refusals_are_among_those_that_the_document_tells_of() {
    let server = Server::start().await;
    let document = document(&server).await;
    let ann = json!({ "email": "ann@example.test", "password": PASSWORD });
    server.sign_up("ann@example.test", "mobile").await;
    for (path, body, code) in [
        ("/auth/signup", ann, "email_taken"),
        (
            "/auth/login",
            json!({ "email": "ann@example.test", "password": "battery staple" }),
            "invalid_credentials",
        ),
        ("/auth/login", json!({}), "invalid"),
        ("/auth/refresh", json!({ "refresh_token": "garbage" }), "refresh_invalid"),
        ("/auth/refresh", json!({}), "unauthenticated"),
        ("/auth/logout", json!({ "scope": "global" }), "unauthenticated"),
    ] {
        let answer = server.post(path, &[], body).await;
        let response = &document["paths"][path]["post"]["responses"][answer.status.as_str()];
        let codes = &response["content"]["application/problem+json"]["schema"]["allOf"][1]["properties"]["code"]
            ["enum"];
        assert_eq!(answer.json["code"], code);
        assert!(
            codes.as_array().unwrap().contains(&json!(code)),
            "{path} answers {code}, the document {codes}"
        );
    }
}
