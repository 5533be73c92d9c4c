//! The parameters of a model by name, copied to the host.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor};

use crate::{Gpt, ParameterShape};

/// A tensor on the host.
#[derive(Clone, Debug, PartialEq)]
pub struct HostTensor {
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its elements in row-major order.
    pub values: Vec<f32>,
}

impl<const D: usize> From<Tensor<D>> for HostTensor {
    /// Waits for the device.
    fn from(tensor: Tensor<D>) -> Self {
        let shape = tensor.dims().to_vec();
        Self { shape, values: tensor.into_data().try_into_vec().expect("the parameters of a model are f32") }
    }
}

/// Tensors on the host by name.
pub type HostTensors = BTreeMap<String, HostTensor>;

/// The path of the parameter that a visitor is at, which is its name.
#[derive(Default)]
pub struct Path(Vec<String>);

impl Path {
    /// Call it on entering a module.
    pub fn enter(&mut self, name: &str) {
        self.0.push(name.to_string());
    }

    /// Call it on leaving the module.
    pub fn exit(&mut self) {
        self.0.pop();
    }

    /// The name of the current parameter.
    pub fn name(&self) -> String {
        self.0.join(".")
    }
}

/// Every parameter of `model`, copied from its device.
pub fn to_host(model: &Gpt) -> HostTensors {
    let mut all = HostTensors::new();
    visit(model, &mut |name, tensor| {
        all.insert(name, tensor.values());
    });
    all
}

/// The gradient of every parameter of `model` that has one, copied from its device.
pub fn gradients_to_host(model: &Gpt, gradients: &Gradients) -> HostTensors {
    let mut all = HostTensors::new();
    visit(model, &mut |name, tensor| {
        if let Some(gradient) = tensor.gradient(gradients) {
            all.insert(name, gradient);
        }
    });
    all
}

/// Name and shape of every parameter, in the order of the computation.
pub fn shapes(model: &Gpt) -> Vec<ParameterShape> {
    let mut all = Vec::new();
    visit(model, &mut |name, tensor| all.push(ParameterShape { name, shape: tensor.shape() }));
    all
}

/// A parameter of any rank.
trait AnyParameter {
    fn shape(&self) -> Vec<usize>;
    fn values(&self) -> HostTensor;
    fn gradient(&self, gradients: &Gradients) -> Option<HostTensor>;
}

impl<const D: usize> AnyParameter for Param<Tensor<D>> {
    fn shape(&self) -> Vec<usize> {
        self.val().dims().to_vec()
    }

    fn values(&self) -> HostTensor {
        self.val().into()
    }

    fn gradient(&self, gradients: &Gradients) -> Option<HostTensor> {
        self.val().grad(gradients).map(HostTensor::from)
    }
}

fn visit(model: &Gpt, each: &mut dyn FnMut(String, &dyn AnyParameter)) {
    struct Visitor<'a> {
        path: Path,
        each: &'a mut dyn FnMut(String, &dyn AnyParameter),
    }

    impl ModuleVisitor for Visitor<'_> {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.path.enter(name);
        }

        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.exit();
        }

        fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
            (self.each)(self.path.name(), parameter);
        }
    }

    model.visit(&mut Visitor { path: Path::default(), each });
}
