//! The functions that the page's worker calls. Everything crosses as JSON text or bytes.

use wasm_bindgen::prelude::*;
use wordspace_learn::Sampling;
use wordspace_learn::config::Config;

use crate::answers::{self, Answers, View};
use crate::training::Training;

/// A run in the page.
#[wasm_bindgen]
pub struct Playground {
    training: Training,
    answers: Answers,
}

type Answer<T> = Result<T, JsError>;

#[wasm_bindgen]
impl Playground {
    /// The run that `config` describes in TOML, on `text`, or on the toy corpus.
    #[wasm_bindgen(constructor)]
    pub fn new(config: &str, text: Option<String>) -> Answer<Playground> {
        let training = Training::new(Config::from_toml(config, "the configuration", &[])?, text)?;
        let answers = Answers::new(&training);
        Ok(Self { training, answers })
    }

    /// The run in the zip file of a run folder.
    pub fn open(zip: &[u8]) -> Answer<Playground> {
        let training = Training::open(zip)?;
        let answers = Answers::new(&training);
        Ok(Self { training, answers })
    }

    /// The run as the zip file of its folder.
    pub fn save(&self) -> Answer<Vec<u8>> {
        Ok(self.training.save()?)
    }

    /// Makes one update. `seconds` is how long the run has been training.
    pub fn advance(&mut self, seconds: f64) -> Answer<()> {
        self.training.advance(seconds)?;
        self.answers.follow(&self.training);
        Ok(())
    }

    /// Whether the tasks before the first update have been done.
    pub fn has_begun(&self) -> bool {
        self.training.has_begun
    }

    /// Whether all updates have been made.
    pub fn is_complete(&self) -> bool {
        self.training.is_complete()
    }

    /// Progress and watched pairs.
    pub fn status(&self) -> String {
        let Training { state, evaluations, measurement, config, .. } = &self.training;
        let evaluation = |&(step, loss): &(u64, f64)| serde_json::json!({"step": step, "loss": loss});
        let pairs = measurement.iter().flat_map(|measurement| &measurement.pairs);
        serde_json::json!({
            "step": state.step,
            "steps": config.train.steps,
            "evaluations": evaluations.iter().map(evaluation).collect::<Vec<_>>(),
            "pairs": pairs.collect::<Vec<_>>(),
            "purity": measurement.as_ref().and_then(|measurement| measurement.purity),
            "tokens": state.step * config.tokens_per_step(),
            "warnings": self.training.warnings,
        })
        .to_string()
    }

    /// The run in brief.
    pub fn summary(&self) -> String {
        serde_json::json!(self.answers.summary(&self.training)).to_string()
    }

    /// Everything about the run that does not change.
    pub fn description(&self) -> String {
        self.answers.description(&self.training).to_string()
    }

    /// The curves of the log.
    pub fn log(&self) -> String {
        serde_json::json!(self.training.log.curves()).to_string()
    }

    /// The points of the frame of `step` in a view, `{"by": "pca"}`, in the page's format.
    pub fn points(&self, step: u32, view: &str) -> Answer<Vec<u8>> {
        let view: View = serde_json::from_str(view)?;
        Ok(self.answers.points(&self.training, step.into(), &view)?)
    }

    /// The words nearest to `word`.
    pub fn neighbours(&self, step: u32, word: u32) -> Answer<String> {
        Ok(answers::neighbours(&self.training, step.into(), word)?.to_string())
    }

    /// How close two words are in each frame.
    pub fn pair(&self, a: u32, b: u32) -> Answer<String> {
        Ok(answers::pair(&self.training, a, b)?.to_string())
    }

    /// The position table, in the page's format.
    pub fn positions(&self, step: u32) -> Answer<Vec<u8>> {
        Ok(answers::positions(&self.training, step.into())?)
    }

    /// A text as the model first sees it.
    pub fn sentence(&self, step: u32, text: &str) -> Answer<String> {
        Ok(answers::sentence(&self.training, step.into(), text)?.to_string())
    }

    /// `prompt`, continued by at most `tokens` tokens by the model as it stands.
    pub fn generate(&self, prompt: &str, tokens: u32, temperature: f64, seed: u32) -> Answer<String> {
        let sampling = Sampling { temperature, top_k: None, seed: seed.into() };
        Ok(answers::continuation(&self.training, prompt, tokens, sampling)?)
    }
}
