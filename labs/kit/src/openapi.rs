//! `GET /openapi.json`: what a server's routes accept and answer, in OpenAPI 3.1.
//!
//! The document is built from the code itself, so that the two cannot differ. A route enters a [`Described`] with its
//! handler and its [`Operation`] in one line; the fields of a body are those that its parser asks for when it is run; and a
//! refusal's status and code are those of its [`Error`]. Only the shapes of values and of responses ([`schema`]) are
//! written by hand. Those shapes are closed: a response with a field too many or too few does not match, and a fuzzer that
//! is driven by the document reports it.
//!
//! No annotation library is used: one that reads attributes on handlers repeats all of the above in attributes, and cannot
//! see that the scheme decides the response to a login.

mod credentials;
pub mod operation;
pub mod schema;

use std::collections::{BTreeMap, BTreeSet};

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodRouter, delete, get, post};
use http::StatusCode;
use serde_json::{Map, Value, json};

pub use self::operation::{Access, Answer, Operation};
use crate::design::{Credential, Design};
use crate::error::Error;
use crate::state::App;

/// Routes over a state `S`, each with the description of what it accepts and answers.
pub struct Described<S = App> {
    router: Router<S>,
    entries: Vec<Entry>,
}

struct Entry {
    path: &'static str,
    method: &'static str,
    operation: Operation,
}

impl<S: Clone + Send + Sync + 'static> Described<S> {
    /// No routes yet.
    pub fn new() -> Self {
        Self { router: Router::new(), entries: Vec::new() }
    }

    /// Adds a route for GET.
    pub fn get<H, T>(self, path: &'static str, handler: H, operation: Operation) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.with(path, "get", get(handler), operation)
    }

    /// Adds a route for POST.
    pub fn post<H, T>(self, path: &'static str, handler: H, operation: Operation) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.with(path, "post", post(handler), operation)
    }

    /// Adds a route for DELETE.
    pub fn delete<H, T>(self, path: &'static str, handler: H, operation: Operation) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.with(path, "delete", delete(handler), operation)
    }

    /// Gives these routes their state, so that they can be merged with the shared routes.
    pub fn with_state(self, state: S) -> Described {
        Described { router: self.router.with_state(state), entries: self.entries }
    }

    /// Adds all routes of another collection.
    pub fn merge(mut self, other: Self) -> Self {
        self.entries.extend(other.entries);
        Self { router: self.router.merge(other.router), entries: self.entries }
    }

    /// The router with these routes, and the OpenAPI document that describes them.
    pub(crate) fn into_parts(self, design: &Design) -> (Router<S>, Value) {
        let document = document(&self.entries, design);
        (self.router, document)
    }

    fn with(
        mut self,
        path: &'static str,
        method: &'static str,
        route: MethodRouter<S>,
        operation: Operation,
    ) -> Self {
        self.entries.push(Entry { path, method, operation });
        Self { router: self.router.route(path, route), entries: self.entries }
    }
}

impl<S: Clone + Send + Sync + 'static> Default for Described<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> From<Router<S>> for Described<S> {
    /// Routes without descriptions, such as those of a scheme that has no routes of its own.
    fn from(router: Router<S>) -> Self {
        Self { router, entries: Vec::new() }
    }
}

fn document(entries: &[Entry], design: &Design) -> Value {
    let credential = design.credential;
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for Entry { path, method, operation } in entries {
        let described = described(operation, method, &credential);
        paths.entry(path).or_default().insert((*method).to_owned(), described);
    }
    let cookies = entries.iter().filter_map(|entry| entry.operation.access.cookie());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": format!("authlab: {}", design.name),
            "version": crate::descriptor::CONTRACT.to_string(),
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "paths": paths,
        "components": {
            "schemas": { "Problem": schema::problem() },
            "securitySchemes": credential.security_schemes(cookies),
        },
    })
}

fn described(operation: &Operation, method: &str, credential: &Credential) -> Value {
    let implied = operation.implied_refusals(method, credential);
    let mut responses = refusals(operation.refusals.iter().chain(&implied));
    for (status, answer) in &operation.answers {
        let mut response = json!({ "description": reason(*status), "headers": request_id() });
        let content = match answer {
            Answer::Nothing => None,
            Answer::Credentials => Some(credential.issued()),
            Answer::CredentialsOr(shape) => Some(json!({ "anyOf": [credential.issued(), shape] })),
            Answer::Json(shape) => Some(shape.clone()),
        };
        if let Some(shape) = content {
            response["content"] = json!({ "application/json": { "schema": shape } });
        }
        responses.insert(status.as_str().to_owned(), response);
    }
    let mut described = json!({ "summary": operation.summary, "responses": responses });
    if let Some(security) = operation.access.security(credential) {
        described["security"] = security;
    }
    if !operation.parameters.is_empty() {
        described["parameters"] = operation.parameters.clone().into();
    }
    if let Some(shape) = &operation.body {
        // An empty body counts as an empty object, so a body without required fields may be omitted.
        let required = !shape["required"].as_array().is_none_or(Vec::is_empty);
        described["requestBody"] =
            json!({ "required": required, "content": { "application/json": { "schema": shape } } });
    }
    described
}

/// One response for each status, with all the codes that it can contain.
fn refusals<'a>(errors: impl Iterator<Item = &'a Error>) -> Map<String, Value> {
    let mut codes: BTreeMap<StatusCode, BTreeSet<&str>> = BTreeMap::new();
    let mut headers: BTreeMap<StatusCode, Value> = BTreeMap::new();
    for error in errors {
        let (status, code) = error.told();
        codes.entry(status).or_default().insert(code);
        let headers = headers.entry(status).or_insert_with(request_id);
        if error.challenge().is_some() {
            headers["WWW-Authenticate"] = header(json!({ "type": "string", "pattern": "^Bearer " }));
        }
        if error.retry_after_s().is_some() {
            headers["Retry-After"] = header(json!({ "type": "integer", "minimum": 1 }));
        }
    }
    let response = |(status, codes): (StatusCode, BTreeSet<&str>)| {
        let narrowed = json!({ "properties": {
            "status": { "const": status.as_u16() },
            "code": { "enum": codes },
        } });
        let shape = json!({ "allOf": [{ "$ref": "#/components/schemas/Problem" }, narrowed] });
        let response = json!({
            "description": reason(status),
            "headers": headers.get(&status),
            "content": { "application/problem+json": { "schema": shape } },
        });
        (status.as_str().to_owned(), response)
    };
    codes.into_iter().map(response).collect()
}

fn request_id() -> Value {
    json!({ "x-request-id": header(json!({ "type": "string", "pattern": "^[0-9a-f]{16}$" })) })
}

fn header(shape: Value) -> Value {
    json!({ "required": true, "schema": shape })
}

fn reason(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("A response")
}
