//! Arrays that NumPy takes without copying them, by its array interface.
//!
//! NumPy asks for a pointer, a shape and an element type, and keeps the object that gave them for as long as the array lives
//! (<https://numpy.org/doc/stable/reference/arrays.interface.html>).

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::vectors::Vectors;

/// An array that `numpy.asarray` takes without a copy, read-only.
#[pyclass(frozen, module = "wordspace._wordspace")]
pub struct Array {
    elements: Elements,
    shape: Vec<usize>,
}

enum Elements {
    F32(Vec<f32>),
    F64(Vec<f64>),
    U32(Vec<u32>),
    U64(Vec<u64>),
    /// The address of values that belong to some vectors. The reference keeps them alive, and they never change.
    Borrowed(usize, #[allow(dead_code, reason = "keeps the values alive")] Py<Vectors>),
}

impl Array {
    /// Of `values`, which belong to `owner`.
    pub fn borrowed(values: &[f32], owner: &Bound<'_, Vectors>, shape: &[usize]) -> Self {
        Self { elements: Elements::Borrowed(values.as_ptr() as usize, owner.clone().unbind()), shape: shape.to_vec() }
    }

    pub fn f32(values: Vec<f32>, shape: &[usize]) -> Self {
        Self { elements: Elements::F32(values), shape: shape.to_vec() }
    }

    pub fn f64(values: Vec<f64>, shape: &[usize]) -> Self {
        Self { elements: Elements::F64(values), shape: shape.to_vec() }
    }

    pub fn u32(values: Vec<u32>) -> Self {
        Self { shape: vec![values.len()], elements: Elements::U32(values) }
    }

    pub fn u64(values: Vec<u64>) -> Self {
        Self { shape: vec![values.len()], elements: Elements::U64(values) }
    }
}

#[pymethods]
impl Array {
    #[getter]
    fn __array_interface__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let (address, kind) = match &self.elements {
            Elements::F32(values) => (values.as_ptr() as usize, "<f4"),
            Elements::F64(values) => (values.as_ptr() as usize, "<f8"),
            Elements::U32(values) => (values.as_ptr() as usize, "<u4"),
            Elements::U64(values) => (values.as_ptr() as usize, "<u8"),
            Elements::Borrowed(address, _) => (*address, "<f4"),
        };
        let interface = PyDict::new(py);
        interface.set_item("version", 3)?;
        interface.set_item("typestr", kind)?;
        interface.set_item("shape", pyo3::types::PyTuple::new(py, &self.shape)?)?;
        // `true`: read-only.
        interface.set_item("data", (address, true))?;
        Ok(interface)
    }
}

/// The elements of an array, of which `bytes` are what Python's `tobytes` gives.
///
/// # Errors
///
/// If the last element is not whole.
pub fn elements<T: bytemuck::AnyBitPattern + bytemuck::NoUninit>(bytes: &[u8]) -> PyResult<Vec<T>> {
    if !bytes.len().is_multiple_of(size_of::<T>()) {
        let (found, size) = (bytes.len(), size_of::<T>());
        return Err(PyValueError::new_err(format!("expected elements of {size} bytes each, found {found} bytes")));
    }
    Ok(bytemuck::pod_collect_to_vec(bytes))
}
