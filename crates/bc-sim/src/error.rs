//! Errors: what starting the demo company can fail with, and what it answers to a request that it refuses.

use uuid::Uuid;

/// Why the demo company could not be started.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The embedded facts about Business Central's sets do not parse.
    #[error("the facts about '{set}' cannot be read: {reason}")]
    Facts { set: String, reason: String },
    /// The database could not be opened, created or seeded.
    #[error("the demo company's database: {0}")]
    Database(#[from] rusqlite::Error),
    /// The listener or the file system refused.
    #[error("the demo company's port or file: {0}")]
    Io(#[from] std::io::Error),
    /// The file's tables are those of another version.
    #[error("the demo company's file was made by another version of this program")]
    OtherVersion,
    /// The seed broke one of the company's own rules.
    #[error("the demo company cannot be seeded: {0}")]
    Seed(String),
}

/// A refusal in Business Central's form: status, code, message. Codes and statuses: "Troubleshooting REST API/OData calls".
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    pub status: u16,
    pub code: &'static str,
    pub message: String,
    /// Seconds, for the `Retry-After` header.
    pub retry_after: Option<u32>,
}

pub(crate) type Answer<T> = Result<T, ApiError>;

/// Messages whose code says all: in Danish, German, Norwegian.
const TRANSLATED: [(&str, [&str; 3]); 2] = [
    (
        "Request_EntityChanged",
        [
            "En anden bruger har allerede ændret recorden. Læs den igen, og gentag ændringen.",
            "Ein anderer Benutzer hat den Datensatz bereits geändert. Lesen Sie ihn erneut, und wiederholen Sie die Änderung.",
            "En annen bruker har allerede endret posten. Les den på nytt, og gjenta endringen.",
        ],
    ),
    (
        "BadRequest_InvalidToken",
        [
            "Headeren If-Match mangler: den skal indeholde recordens etag.",
            "Die Kopfzeile If-Match fehlt: sie muss das ETag des Datensatzes enthalten.",
            "Hodet If-Match mangler: det må inneholde postens etag.",
        ],
    ),
];

impl ApiError {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        ApiError { status, code, message: message.into(), retry_after: None }
    }

    pub(crate) fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// A business rule said no.
    pub(crate) fn rule(message: impl Into<String>) -> Self {
        ApiError::new(400, "Application_DialogException", message)
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        ApiError::new(400, "BadRequest", message)
    }

    pub(crate) fn bad_url(message: impl Into<String>) -> Self {
        ApiError::new(400, "BadRequest_InvalidRequestUrl", message)
    }

    pub(crate) fn not_implemented(message: impl Into<String>) -> Self {
        ApiError::new(501, "BadRequest_MethodNotImplemented", message)
    }

    pub(crate) fn not_allowed(message: impl Into<String>) -> Self {
        ApiError::new(405, "BadRequest_MethodNotAllowed", message)
    }

    /// Unknown segment, or the record is gone.
    pub(crate) fn no_resource(segment: &str) -> Self {
        ApiError::new(404, "BadRequest_ResourceNotFound", format!("Resource not found for the segment '{segment}'."))
    }

    pub(crate) fn no_property(name: &str, entity: &str) -> Self {
        ApiError::bad_request(format!("Could not find a property named '{name}' on type 'Microsoft.NAV.{entity}'."))
    }

    pub(crate) fn changed() -> Self {
        ApiError::new(409, "Request_EntityChanged", "Another user has already changed the record. Read it again and repeat the change.")
    }

    /// No etag, or one that cannot be read.
    pub(crate) fn no_token() -> Self {
        let text = "Could not validate the client concurrency token required by the service. Please provide a valid token in the client request: \
                    the record's etag in the header If-Match.";
        ApiError::new(400, "BadRequest_InvalidToken", text)
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        ApiError::new(500, "Internal_ServerError", message)
    }

    /// The same refusal in the language of the request (`Accept-Language`), where there are words for it; English otherwise.
    pub(crate) fn in_language(mut self, language: Option<&str>) -> ApiError {
        let first = language.unwrap_or_default().split([',', ';', '-']).next().unwrap_or_default().trim().to_ascii_lowercase();
        let column = match first.as_str() {
            "da" => 0,
            "de" => 1,
            "nb" | "nn" | "no" => 2,
            _ => return self,
        };
        let translated = TRANSLATED.iter().find(|(code, _)| *code == self.code).and_then(|(_, texts)| texts.get(column));
        if let Some(text) = translated {
            self.message = (*text).to_owned();
        }
        self
    }

    /// The answer's body.
    pub(crate) fn body(&self) -> String {
        let mut out = String::from("{\"error\":{\"code\":");
        crate::data::value::write_string(self.code, &mut out);
        out.push_str(",\"message\":");
        let text = format!("{}  CorrelationId:  {}.", self.message, Uuid::new_v4());
        crate::data::value::write_string(&text, &mut out);
        out.push_str("}}");
        out
    }
}

impl From<rusqlite::Error> for ApiError {
    fn from(error: rusqlite::Error) -> Self {
        if error.sqlite_error().is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_DATATYPE) {
            // A sum that left the range of an integer: the strict tables refuse it.
            return ApiError::new(400, "Application_EvaluateException", "An amount is outside the permitted range.");
        }
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
                ApiError::new(503, "Internal_TenantUnavailable", "The demo company is busy. Try again in a moment.").retry_after(1)
            }
            Some(rusqlite::ErrorCode::ConstraintViolation) => {
                ApiError::new(400, "Internal_EntityWithSameKeyExists", "A record with the same identification already exists.")
            }
            _ => {
                tracing::error!(%error, "demo company database");
                ApiError::internal("The demo company's database refused the request.")
            }
        }
    }
}
