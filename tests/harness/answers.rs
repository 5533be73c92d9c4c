//! Answers to questions about words.

use serde_json::Value;

/// The words and cosines of a list in a result.
pub fn answers(list: &Value) -> Vec<(String, f64)> {
    let pair = |near: &Value| (near["word"].as_str().unwrap().to_string(), near["cosine"].as_f64().unwrap());
    list.as_array().unwrap().iter().map(pair).collect()
}

/// A list of strings in a result.
pub fn texts(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}
