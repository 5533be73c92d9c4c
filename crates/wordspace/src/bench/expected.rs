//! What must come out of a piece of work, computed apart from what is measured.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor};
use wordspace_learn::config::DeviceChoice;
use wordspace_train::device::OpenDevice;

use super::prepared::{ADAMW, Prepared, ids, tensor, values};
use super::{Case, Work};

/// The results of `case`, as [`Prepared::results`] has them the first time.
///
/// What is simple is computed on the host; the loss by burn's own operations on the processor, where this build has one,
/// else on `device`. The first loss and gradient norm of a step are those on the processor, whose numbers are held to
/// PyTorch's beside.
pub fn expected(case: &Case, device: &Device) -> Vec<Vec<f32>> {
    let (v, c, n) = (case.v, case.c, case.rows());
    match case.work {
        Work::Lookup => vec![looked_up(case)],
        Work::Embed => {
            let (mut rows, wpe) = (looked_up(case), values(case.t * c, 2));
            let places = (0..n).map(|at| &wpe[at % case.t * c..][..c]);
            rows.chunks_mut(c)
                .zip(places)
                .for_each(|(row, place)| row.iter_mut().zip(place).for_each(|(x, y)| *x += y));
            vec![rows]
        }
        Work::Gradient => vec![counted(case), vec![case.b as f32; case.t * c]],
        Work::Update => updated(&values(v * c, 1), &values(v * c, 2)),
        Work::Table => updated(&values(v * c, 1), &counted(case)),
        Work::Rows => {
            // A row that was not read stays what it was, and its moments stay zero.
            let (before, counts) = (values(v * c, 1), counted(case));
            let mut all = updated(&before, &counts);
            let rested = (0..v * c).filter(|&at| counts[at] == 0.0);
            rested.for_each(|at| all[0][at] = before[at]);
            all
        }
        Work::Head => scored(case, &processor().unwrap_or_else(|| device.clone())),
        Work::Step => Prepared::new(case, &processor().unwrap_or_else(|| device.clone())).results(),
    }
}

/// Holds `found` to `expected`, to a share of the largest number of each.
///
/// # Errors
///
/// How far off it is.
pub(super) fn check(found: &[Vec<f32>], expected: &[Vec<f32>], case: &Case, is_processor: bool) -> Result<(), String> {
    let allowed = match (case.work, is_processor) {
        // What is copied or counted is exact everywhere.
        (Work::Lookup | Work::Embed | Work::Gradient, _) => 1e-6,
        (_, true) => 1e-4,
        // A GPU's own exponential and root are less exact.
        (_, false) => 2e-3,
    };
    let lengths = |all: &[Vec<f32>]| all.iter().map(Vec::len).collect::<Vec<_>>();
    if lengths(found) != lengths(expected) {
        return Err(format!("wrong result: {:?} numbers instead of {:?}", lengths(found), lengths(expected)));
    }
    for (found, expected) in found.iter().zip(expected) {
        let largest = expected.iter().fold(f32::MIN_POSITIVE, |largest, x| largest.max(x.abs()));
        for (at, (x, y)) in found.iter().zip(expected).enumerate() {
            let off = (x - y).abs() / largest;
            if off.is_nan() || off > allowed {
                return Err(format!("wrong result: number {at} is {x} instead of {y}"));
            }
        }
    }
    Ok(())
}

fn processor() -> Option<Device> {
    let open = |choice| OpenDevice::open(choice).ok().map(|device| device.device);
    open(DeviceChoice::Flex).or_else(|| open(DeviceChoice::Ndarray))
}

fn looked_up(case: &Case) -> Vec<f32> {
    let wte = values(case.v * case.c, 1);
    let ids = case.ids.draw(case.v, case.rows());
    ids.iter().flat_map(|&id| &wte[id as usize * case.c..][..case.c]).copied().collect()
}

/// How often each row is looked up: its gradient, where that of each place is ones.
fn counted(case: &Case) -> Vec<f32> {
    let mut counts = vec![0.0; case.v];
    case.ids.draw(case.v, case.rows()).iter().for_each(|&id| counts[id as usize] += 1.0);
    counts.iter().flat_map(|&count| std::iter::repeat_n(count, case.c)).collect()
}

/// The first AdamW update, in double precision.
fn updated(parameter: &[f32], gradient: &[f32]) -> Vec<Vec<f32>> {
    let first = gradient.iter().map(|&g| (1.0 - ADAMW.beta1) * g as f64);
    let second = gradient.iter().map(|&g| (1.0 - ADAMW.beta2) * (g as f64).powi(2));
    let after = parameter.iter().zip(first.clone().zip(second.clone())).map(|(&p, (m, v))| {
        let step = m / (1.0 - ADAMW.beta1) / ((v / (1.0 - ADAMW.beta2)).sqrt() + ADAMW.epsilon);
        p as f64 * (1.0 - ADAMW.learning_rate * ADAMW.weight_decay) - ADAMW.learning_rate * step
    });
    let narrow = |numbers: &mut dyn Iterator<Item = f64>| numbers.map(|x| x as f32).collect();
    vec![narrow(&mut { after }), narrow(&mut { first }), narrow(&mut { second })]
}

/// The gradients of the loss and the loss, by its definition: all scores, their softmax, the mean.
fn scored(case: &Case, device: &Device) -> Vec<Vec<f32>> {
    let device = device.clone().autodiff();
    let hidden = tensor(case.rows(), case.c, 1, &device).require_grad();
    let table = tensor(case.v, case.c, 2, &device).require_grad();
    let targets: Tensor<2, Int> = ids(case, &device).tensor().reshape([case.rows(), 1]);
    let probabilities = log_softmax(hidden.clone().matmul(table.clone().transpose()), 1);
    let loss = probabilities.gather(1, targets).mean().neg();
    let gradients = loss.backward();
    let of = |tensor: &Tensor<2>| tensor.grad(&gradients).expect("it is tracked").flatten(0, 1);
    let read = |tensor: Tensor<1>| tensor.into_data().try_into_vec().expect("results are f32");
    [of(&hidden), of(&table), loss.inner()].map(read).into()
}

#[cfg(test)]
mod tests {
    use super::super::Ids;
    use super::*;

    fn case(work: Work) -> Case {
        Case { work, v: 50, c: 8, b: 3, t: 5, ids: Ids::Zipf }
    }

    #[test]
    #[cfg(feature = "flex")]
    fn the_processor_gives_what_is_expected_of_every_work() {
        let device = OpenDevice::open(DeviceChoice::Flex).unwrap().device;
        for work in Work::ALL {
            let case = case(work);
            let found = Prepared::new(&case, &device).results();
            assert_eq!(check(&found, &expected(&case, &device), &case, true), Ok(()), "{work}");
        }
    }

    #[test]
    fn a_number_that_is_off_missing_or_none_is_found() {
        let case = case(Work::Lookup);
        let expected = [vec![1.0, 2.0, -4.0]];
        let wrong = |found: &[f32]| check(&[found.to_vec()], &expected, &case, true);
        assert_eq!(wrong(&[1.0, 2.0, -4.0]), Ok(()));
        assert!(wrong(&[1.0, 2.1, -4.0]).unwrap_err().contains("number 1 is 2.1 instead of 2"));
        assert!(wrong(&[1.0, f32::NAN, -4.0]).unwrap_err().contains("NaN"));
        assert!(wrong(&[1.0]).unwrap_err().contains("[1] numbers instead of [3]"));
    }
}
