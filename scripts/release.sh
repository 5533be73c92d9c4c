#!/usr/bin/env bash
# Makes the files of a release in a new folder, for the architecture of this machine:
#
#   wordspace-VERSION-ARCH-linux.tar.xz      the program, completions, manual pages, licences
#   wordspace-VERSION-cp310-abi3-….whl       the module and the program for Python 3.10 and later
#   wordspace-VERSION.cdx.json               their dependencies, as an SBOM (CycloneDX)
#   SHA256SUMS
#
#   scripts/release.sh --to DIR [--wheel-only]
#
# Tried on Debian 12, x86-64. The files run with glibc 2.28 or later: the usual build is linked again, against the symbols of that
# version, which PyPI's ziglang provides. Nothing is compiled twice. Other platforms: macOS needs `maturin build --release --target
# universal2-apple-darwin` on a Mac with Xcode's command line tools; Windows `maturin build --release` with Visual Studio's C++ tools;
# musl (Alpine) a Rust target of its own.
set -euo pipefail
cd "$(dirname "$0")/.."

GLIBC=2.28
usage() { echo "usage: scripts/release.sh --to DIR [--wheel-only]" >&2; exit 2; }
to= wheel_only=
while [ $# -gt 0 ]; do
  case $1 in
    --to) [ $# -ge 2 ] || usage; to=$2; shift 2 ;;
    --wheel-only) wheel_only=1; shift ;;
    *) usage ;;
  esac
done
[ -n "$to" ] || usage
[ "$(uname -s)" = Linux ] || { echo "expected Linux, found $(uname -s); the head of this file says what other platforms need" >&2; exit 2; }
[ ! -e "$to" ] || { echo "$to already exists; name a new folder" >&2; exit 6; }
arch=$(uname -m)
target=${CARGO_TARGET_DIR:-$PWD/target}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q maturin==1.16.0 ziglang==0.17.1

# Linking one file by zig writes stub libraries with the symbols of that glibc. zig is used for nothing else.
echo 'int one(void) { return 1; }' >"$work/one.c"
ZIG_GLOBAL_CACHE_DIR=$work/zig "$work/venv/bin/python" -m ziglang cc -target "$arch-linux-gnu.$GLIBC" -shared -fPIC "$work/one.c" -o "$work/one.so"
mkdir "$work/glibc" "$work/bin"
cp "$(dirname "$(find "$work/zig" -name libc.so.6)")"/*.so.* "$(find "$work/zig" -name libc_nonshared.a)" "$work/glibc"
for name in m pthread dl rt util; do ln -s "$(basename "$work"/glibc/lib$name.so.*)" "$work/glibc/lib$name.so"; done
echo "GROUP ( $work/glibc/libc.so.6 $work/glibc/libc_nonshared.a )" >"$work/glibc/libc.so"

# The linker that cargo calls. Where Rust links by lld, identical functions are folded: the library is a tenth smaller.
once=$([ "$arch" = x86_64 ] && echo -Wl,--icf=all || true)
cat >"$work/bin/cc" <<EOF
#!/bin/sh
case " \$* " in *" -c "*) exec $(command -v cc) "\$@" ;; esac
exec $(command -v cc) -L"$work/glibc" "\$@" $once -Wl,--allow-shlib-undefined
EOF
chmod +x "$work/bin/cc"
# Touching their sources makes cargo link them again: now by this linker, and in the next build without it.
relink() { touch crates/wordspace/src/main.rs crates/python/src/lib.rs; }
trap 'relink; rm -rf "$work"' EXIT

mkdir -p "$to"
to=$(cd "$to" && pwd)
relink
(cd crates/python && PATH="$work/bin:$PATH" "$work/venv/bin/maturin" build --release --locked --target-dir "$target" \
  --compatibility "manylinux_${GLIBC/./_}" --compression-level 9 --out "$to")
wheel=$(ls "$to"/*.whl)
"$work/venv/bin/python" - "$wheel" "$to/wordspace-$version.cdx.json" "$PWD" <<'EOF'
import sys, zipfile
wheel, to, here = sys.argv[1:]
with zipfile.ZipFile(wheel) as files:
    name = next(name for name in files.namelist() if name.endswith(".cyclonedx.json"))
    text = files.read(name).decode()
open(to, "w").write(text.replace(f"file://{here}", "file:///wordspace"))
EOF

if [ -z "$wheel_only" ]; then
  PATH="$work/bin:$PATH" cargo build --release --locked -p wordspace -p wordspace-python
  folder=wordspace-$version-$arch-linux
  mkdir -p "$work/$folder/completions"
  cp "$target/release/wordspace" LICENSE README.md "$work/$folder"
  for shell in bash zsh fish; do "$target/release/wordspace" completions $shell >"$work/$folder/completions/wordspace.$shell"; done
  "$target/release/wordspace" --quiet man --to "$work/$folder/man/man1" >"$work/pages"
  "$target/release/wordspace" licences >"$work/$folder/LICENCES"
  tar -C "$work" --owner 0 --group 0 --sort name -cJf "$to/$folder.tar.xz" "$folder"
fi
(cd "$to" && sha256sum -- * >SHA256SUMS && ls -l)
