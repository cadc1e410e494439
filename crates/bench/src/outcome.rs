/// A measurement, or why there is none.
pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// An error of ours.
pub fn fault<T>(words: impl Into<String>) -> Outcome<T> {
    Err(words.into().into())
}
