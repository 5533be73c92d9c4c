//! Words as points in the plane or in space.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use wordspace::explore::projection::{self, Method};
use wordspace::picture::{self, Theme};

use crate::array::Array;
use crate::errors::exception;
use crate::interruptible::interruptible;
use crate::vectors::Vectors;

/// Words as points, and their picture.
#[pyclass(frozen, module = "wordspace._wordspace")]
pub struct Projection {
    projection: projection::Projection,
    source: String,
}

#[pymethods]
impl Projection {
    /// Projects the words of `rows`, or the `top` most frequent, to `dims` dimensions by `method`: pca, tsne or umap.
    #[staticmethod]
    #[pyo3(signature = (vectors, rows, top, method, dims, seed, listener))]
    fn of(
        py: Python<'_>,
        vectors: &Vectors,
        rows: Option<Vec<u32>>,
        top: usize,
        method: &str,
        dims: usize,
        seed: u64,
        listener: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let method = match method {
            "pca" => Method::Pca,
            "tsne" => Method::Tsne,
            "umap" => Method::Umap,
            other => {
                let problem = format!("no method is called {other:?}; expected \"pca\", \"tsne\" or \"umap\"");
                return Err(PyValueError::new_err(problem));
            }
        };
        if ![2, 3].contains(&dims) {
            return Err(PyValueError::new_err(format!("dims is {dims}; expected 2 or 3")));
        }
        rows.iter().flatten().try_for_each(|&row| vectors.check_row(row))?;
        let projection = interruptible(py, listener, |reporter| {
            let progress = |done, total| {
                // Projecting cannot be stopped; Ctrl-C is raised once it is done.
                let _ = reporter.progress(done, total);
            };
            let chosen = vectors.chosen(rows, top);
            projection::Projection::of(&chosen, method, dims, seed, &progress)
        })?;
        let source = vectors.source().map_or("vectors", |opened| &opened.name).to_string();
        projection.map(|projection| Self { projection, source }).map_err(|error| exception(py, error))
    }

    #[getter]
    fn words(&self) -> Vec<String> {
        self.projection.words.clone()
    }

    #[getter]
    fn classes(&self) -> Vec<Option<String>> {
        self.projection.classes.clone()
    }

    /// `[N, dims]`
    #[getter]
    fn points(&self) -> Array {
        let points = &self.projection.points;
        let values = points.rows().flatten().copied().collect();
        Array::f64(values, &[points.len(), points.dimension()])
    }

    #[getter]
    fn explained_variance(&self) -> Option<Vec<f64>> {
        self.projection.explained_variance.clone()
    }

    #[getter]
    fn trustworthiness(&self) -> Option<f64> {
        self.projection.trustworthiness
    }

    /// The picture as SVG.
    fn svg(&self, py: Python<'_>, theme: &str) -> PyResult<String> {
        let theme = match theme {
            "light" => Theme::Light,
            "dark" => Theme::Dark,
            "auto" => Theme::Auto,
            other => {
                let problem = format!("theme is {other:?}; expected \"light\", \"dark\" or \"auto\"");
                return Err(PyValueError::new_err(problem));
            }
        };
        let draw = || picture::svg(&picture::projection::picture(&self.projection, &self.source), theme);
        Ok(py.detach(draw))
    }
}
