"""The programs of bench/: found, read, built. Used by tools/bench.

A program is bench/FOLDER/NAME.c, .cpp, .rs, .go or .py. Its role is in its name: `plait` is what all others are compared with,
`plait_…` another way to say it in plait, `limit_…` what the machine allows, everything else a peer. Its first lines say, as
`key: value`:

    subject      the name in the table
    package      Debian's package, named when the program cannot be built
    pkg-config, flags, libraries     for the C and C++ compiler
    crates       for cargo, the line of [dependencies]
    workloads    those it takes part in, if not all of its folder's
    plait        "http": it is linked with libplait-http too
    declared     what include/plait must declare for it; without that it is left out
"""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import zlib

ROOT = pathlib.Path(__file__).resolve().parents[1]
BENCH = ROOT / "bench"
KEYS = "subject package pkg-config flags libraries crates workloads plait declared".split()
CRATES = pathlib.Path("/usr/share/cargo/registry")  # where Debian's librust-*-dev packages put theirs
BUILD_SECONDS = 240


class Missing(Exception):
    """Why a program cannot take part; one line."""


def public_headers():
    return sorted((ROOT / "include").rglob("*.h"))


class Program:
    def __init__(self, path, build, static):
        self.path, self.build_directory, self.static = path, build, static
        self.output = build / "bench" / path.parent.name / path.name.replace(".", "_")
        self.log = self.output.with_suffix(".log")
        self.is_plait = path.stem.split("_")[0] == "plait"
        self.role = "plait" if path.stem == "plait" else "variant" if self.is_plait else "peer"
        if path.stem.startswith("limit_"):
            self.role = "limit"
        head = "\n".join(path.read_text().splitlines()[:20])
        said = {key: value for key, value in re.findall(r"^\W*([\w-]+): (.*?)(?:\s*\*/)?$", head, re.MULTILINE)}
        self.said = {key: said.get(key, "") for key in KEYS}
        self.subject = self.said["subject"] or path.stem
        self.command = []

    def takes_part_in(self, workload):
        return not self.said["workloads"] or workload in self.said["workloads"].split()

    def build(self):
        """Builds it and sets .command; raises Missing."""
        self.output.parent.mkdir(parents=True, exist_ok=True)
        wanted = self.said["declared"]
        if wanted and not any(re.search(rf"\b{wanted}\b", h.read_text()) for h in public_headers()):
            raise Missing(f"include/plait declares no {wanted}")
        {".c": self.compile, ".cpp": self.compile, ".go": self.build_go, ".rs": self.build_rust, ".py": self.find_python}[
            self.path.suffix
        ]()

    def run_tool(self, command, **more):
        if not shutil.which(command[0]):
            raise Missing(f"there is no {command[0]} here")
        try:
            done = subprocess.run(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=BUILD_SECONDS, **more
            )
        except subprocess.TimeoutExpired:
            raise Missing(f"{command[0]} took longer than {BUILD_SECONDS} s") from None
        self.log.write_text(shlex.join(map(str, command)) + "\n" + done.stdout)
        if done.returncode:
            lines = [line for line in done.stdout.splitlines() if re.search(r"error|not found|cannot find", line)]
            why = (lines or done.stdout.splitlines() or [f"{command[0]} failed"])[0].strip()
            raise Missing(why.replace(f"{ROOT}/", ""))
        return done.stdout

    def compile(self):
        tool, standard = ("cc", "c11") if self.path.suffix == ".c" else ("c++", "c++17")
        options = [f"-std={standard}", "-D_GNU_SOURCE", "-O2", "-g", "-pthread", "-Wall", "-Wextra", f"-I{BENCH}"]
        libraries = shlex.split(self.said["libraries"])
        if self.is_plait:
            options.append(f"-I{ROOT / 'include'}")
            http = self.said["plait"] == "http"
            shared = ["-L", self.build_directory, *["-lplait-http"] * http, "-lplait", f"-Wl,-rpath,{self.build_directory}"]
            static = [*[self.build_directory / "libplait-http.a"] * http, self.build_directory / "libplait.a", *["-lcurl"] * http]
            libraries += static if self.static else shared
        if self.said["pkg-config"]:
            modules = self.said["pkg-config"].split()
            options += self.run_tool(["pkg-config", "--cflags", *modules]).split()
            libraries += self.run_tool(["pkg-config", "--libs", *modules]).split()
        options += shlex.split(self.said["flags"])
        rules = self.output.with_suffix(".d")
        command = [tool, *options, "-MMD", "-MF", rules, self.path, "-o", self.output, *libraries]
        if not self.is_fresh(rules, command):
            self.run_tool(command)
        self.command = [self.output]

    def is_fresh(self, rules, command):
        if not (self.output.exists() and rules.exists() and self.log.exists()):
            return False
        if self.log.read_text().split("\n", 1)[0] != shlex.join(map(str, command)):
            return False
        sources = rules.read_text().replace("\\\n", " ").split()[1:]
        if self.is_plait and self.static:
            sources.append(self.build_directory / "libplait.a")
        built = self.output.stat().st_mtime
        return all(os.path.exists(source) and os.path.getmtime(source) <= built for source in sources)

    def build_go(self):
        """Go does not look whether a header in C has changed; so they are part of the flags, which it looks at."""
        headers = b"".join(header.read_bytes() for header in sorted([*BENCH.glob("*.h"), *self.path.parent.glob("*.h")]))
        flags = f"-O2 -DHEADERS=0x{zlib.crc32(headers):x}"
        environment = {**os.environ, "GO111MODULE": "off", "GOFLAGS": "", "CGO_CFLAGS": flags}
        self.run_tool(["go", "build", "-o", self.output, self.path], env=environment)
        self.command = [self.output]

    def build_rust(self):
        """A package of its own for each program: one whose crates are missing does not take others with it."""
        cargo = self.build_directory / "bench" / "cargo"
        name = f"{self.path.parent.name}-{self.path.stem}".replace("_", "-")
        (cargo / name).mkdir(parents=True, exist_ok=True)
        dependencies = self.said["crates"]
        crate = dependencies.split(" ")[0]
        if crate and not list(CRATES.glob(f"{crate}-[0-9]*")):
            raise Missing(f"there is no crate {crate} in {CRATES}")
        (cargo / "config.toml").write_text(
            f'[source.crates-io]\nreplace-with = "debian"\n[source.debian]\ndirectory = "{CRATES}"\n'
            if CRATES.exists()
            else ""
        )
        (cargo / name / "Cargo.toml").write_text(
            f'[package]\nname = "{name}"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n[[bin]]\nname = "{name}"\n'
            f'path = "{self.path}"\n[dependencies]\n{dependencies}\n'
        )
        target = cargo / "target"
        self.run_tool(
            ["cargo", "build", "--release", "--offline", "--quiet", "--config", cargo / "config.toml",
             "--manifest-path", cargo / name / "Cargo.toml", "--target-dir", target]
        )  # fmt: skip
        self.command = [target / "release" / name]

    def find_python(self):
        if not shutil.which("python3"):
            raise Missing("there is no python3 here")
        self.command = ["python3", self.path]

    def version(self):
        """For programs that do not print one: the compiler's or Debian's."""
        command = ["dpkg-query", "-W", "-f", "${Version}", self.said["package"]]
        if self.path.suffix == ".rs" and not self.said["crates"]:
            command = ["rustc", "--version"]
        if not shutil.which(command[0]):
            return ""
        found = subprocess.run(command, capture_output=True, text=True).stdout
        match = re.search(r"(?:\d+:)?(\d[\w.]*)", found)
        return match.group(1) if match else ""


def find(folder, build, static):
    return [
        Program(path, build, static)
        for path in sorted((BENCH / folder).iterdir())
        if path.suffix in (".c", ".cpp", ".go", ".rs", ".py")
    ]
