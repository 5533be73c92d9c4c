//! `wordspace devices`

use std::process::ExitCode;

use serde_json::{Value, json};

use super::{print_json, program};
use crate::cli::args::DevicesArgs;
use crate::cli::failure::Failure;
use crate::cli::terminal::{Terminal, columns, wrapped};
use crate::learn::config::DeviceChoice;
use crate::learn::parity::Parity;
use crate::train::device::{OpenDevice, check_parity};

pub fn run(args: DevicesArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let devices = OpenDevice::all();
    let auto = OpenDevice::open(DeviceChoice::Auto)?;
    let checks: Vec<Option<Check>> =
        devices.iter().map(|device| args.check.then(|| Check::of(device, terminal))).collect();
    if args.json {
        let devices = devices.iter().zip(&checks).map(|(device, check)| to_json(device, check.as_ref()));
        print_json(json!({
            "devices": devices.collect::<Vec<_>>(),
            "auto": { "name": auto.name, "part": auto.hardware, "reason": auto.reason },
        }));
    } else {
        for (device, check) in devices.iter().zip(&checks) {
            let limit = device.largest_buffer.map(|bytes| format!(", buffers up to {:.0} MB", bytes as f64 / 1e6));
            let software = if device.is_software { ", emulated in software on the CPU" } else { "" };
            let what = format!("{}{software}{}", device.hardware, limit.unwrap_or_default());
            say(&device.name, &what);
            if let Some(check) = check {
                say("", &check.sentence());
            }
        }
        say("auto", &format!("takes {}: {}", auto.name, auto.reason));
    }
    if !args.check {
        terminal.hint(&format!("to check that they compute correctly: {} devices --check", program()));
    }
    let is_wrong = checks.iter().flatten().any(|check| !check.is_right);
    Ok(if is_wrong { ExitCode::from(4) } else { ExitCode::SUCCESS })
}

/// Prints `text` beside `name`, in as many lines as it takes.
fn say(name: &str, text: &str) {
    let column = wrapped(&format!("{:9}{text}", ""), columns());
    println!("{name:<9}{}", column.trim_start());
}

/// The result of the parity test on a device.
struct Check {
    is_right: bool,
    found: Result<Parity, String>,
}

impl Check {
    fn of(device: &OpenDevice, terminal: &Terminal) -> Self {
        terminal.hint(&format!(
            "checking {} ({}); a GPU compiles its kernels first, which can take a minute",
            device.name, device.hardware
        ));
        let found = check_parity(&device.device).map_err(|error| error.to_string());
        let is_gpu = device.largest_buffer.is_some();
        Self { is_right: found.as_ref().is_ok_and(|parity| parity.is_right(is_gpu)), found }
    }

    fn sentence(&self) -> String {
        match &self.found {
            Err(problem) => format!("WRONG: {problem}"),
            Ok(parity) => {
                let verdict = if self.is_right { "correct" } else { "WRONG, do not train on it" };
                let (name, gradient) = parity.worst_gradient();
                format!(
                    "{verdict}: differs from PyTorch by at most {:.1e} in logits, {gradient:.1e} in gradients ({name}), \
                     {:.1e} in twenty losses",
                    parity.logits, parity.losses
                )
            }
        }
    }
}

fn to_json(device: &OpenDevice, check: Option<&Check>) -> Value {
    let mut json = json!({
        "name": device.name,
        "part": device.hardware,
        "is_software": device.is_software,
        "largest_buffer": device.largest_buffer,
    });
    if let Some(check) = check {
        json["is_right"] = check.is_right.into();
        json["check"] = match &check.found {
            Err(problem) => json!({ "problem": problem }),
            Ok(parity) => json!({
                "logits": parity.logits,
                "loss": parity.loss,
                "gradients": parity.gradients,
                "losses": parity.losses,
                "gradient_norms": parity.gradient_norms,
            }),
        };
    }
    json
}
