//! Routes that bring their documentation along.
//!
//! A resource lists its routes as `get("/path", "What it is for", handler)`; parameters, body,
//! answers and problems follow from the handler's signature ([`super::describe`]). What a signature
//! cannot say (a stream, a multipart form) is added with [`Route::describe`].
//!
//! Invariant: the router and the OpenAPI document are made from one list, so that no route is
//! without documentation and no documentation without a route.

use axum::Router;
use axum::handler::Handler;
use axum::http::{Method, StatusCode};
use axum::middleware::from_fn;
use axum::routing::{MethodFilter, MethodRouter, on};
use serde_json::{Map, Value};

use super::describe::{Operation, Schemas, Signature};
use super::extract::refuse_query;
use super::reached;
use crate::App;

/// One route with its documentation.
pub struct Route {
    method: Method,
    path: &'static str,
    summary: &'static str,
    handler: MethodRouter<App>,
    describe: fn(&mut Operation<'_>),
    more: Vec<fn(&mut Operation<'_>)>,
}

macro_rules! methods {
    ($( $(#[$meta:meta])* $name:ident $method:ident; )*) => { $(
        $(#[$meta])*
        pub fn $name<H, T, A>(path: &'static str, summary: &'static str, handler: H) -> Route
        where
            H: Handler<T, App> + Signature<A>,
            T: 'static,
        {
            let method = on(MethodFilter::$method, handler);
            let method = if H::READS_QUERY { method } else { method.layer(from_fn(refuse_query)) };
            Route {
                method: Method::$method,
                path,
                summary,
                handler: method,
                describe: <H as Signature<A>>::describe,
                more: Vec::new(),
            }
        }
    )* };
}

methods! {
    /// A route that reads.
    get GET;
    /// A route that does something.
    post POST;
    /// A route that sets something to what is sent.
    put PUT;
    /// A route that takes something away.
    delete DELETE;
}

impl Route {
    /// Adds what the handler's signature cannot say.
    #[must_use]
    pub fn describe(mut self, more: fn(&mut Operation<'_>)) -> Route {
        self.more.push(more);
        self
    }

    /// Puts something around the handler, such as a limit of the body's size.
    #[must_use]
    pub fn around(mut self, change: impl FnOnce(MethodRouter<App>) -> MethodRouter<App>) -> Route {
        self.handler = change(self.handler);
        self
    }

    /// Returns the method.
    pub const fn method(&self) -> &Method {
        &self.method
    }

    /// Returns the path under `/v1`.
    pub const fn path(&self) -> &'static str {
        self.path
    }

    /// Returns the operation's name: `get_customers_code` for `GET /customers/{code}`.
    fn operation_id(&self) -> String {
        let words = self.path.split(['/', '.', '{', '}']).filter(|word| !word.is_empty());
        let method = self.method.as_str().to_ascii_lowercase();
        words.fold(method, |name, word| name + "_" + word)
    }

    /// Writes the operation as OpenAPI has it.
    fn document(&self, tag: &str, schemas: &mut Schemas) -> Map<String, Value> {
        let mut operation = Operation::new(schemas, self.path);
        (self.describe)(&mut operation);
        if self.method == Method::GET {
            reached::parameters().iter().for_each(|(name, _)| operation.shared_parameter(name));
            operation.problem(StatusCode::CONFLICT);
        }
        for more in &self.more {
            more(&mut operation);
        }
        let mut written: Map<String, Value> = [
            ("tags".to_owned(), Value::from(vec![tag])),
            ("summary".to_owned(), Value::from(self.summary)),
            ("operationId".to_owned(), Value::from(self.operation_id())),
        ]
        .into_iter()
        .collect();
        written.extend(operation.finish());
        written
    }
}

/// Routes by resource.
#[derive(Default)]
pub struct Routes {
    routes: Vec<(&'static str, Route)>,
}

impl Routes {
    /// Lists the routes of one resource.
    pub fn of(resource: &'static str, routes: impl IntoIterator<Item = Route>) -> Routes {
        Routes { routes: routes.into_iter().map(|route| (resource, route)).collect() }
    }

    /// Adds other routes.
    #[must_use]
    pub fn and(mut self, other: Routes) -> Routes {
        self.routes.extend(other.routes);
        self
    }

    /// Goes through the routes with their resources.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Route)> {
        self.routes.iter().map(|(resource, route)| (*resource, route))
    }

    /// Makes the router.
    pub fn into_router(self) -> Router<App> {
        let add =
            |router: Router<App>, (_, route): (_, Route)| router.route(route.path, route.handler);
        self.routes.into_iter().fold(Router::new(), add)
    }

    /// Writes the paths as OpenAPI has them.
    pub fn document(&self, schemas: &mut Schemas) -> Map<String, Value> {
        let mut paths: Map<String, Value> = Map::new();
        for (resource, route) in self.iter() {
            let path =
                paths.entry(format!("/v1{}", route.path)).or_insert_with(|| Map::new().into());
            if let Some(path) = path.as_object_mut() {
                let method = route.method.as_str().to_ascii_lowercase();
                path.insert(method, route.document(resource, schemas).into());
            }
        }
        paths
    }
}
