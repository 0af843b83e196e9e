"""Rota for Conan 2: `conan create packaging/conan` in a checkout. Untested: see ../README.md."""

import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load

ROOT = os.path.join(os.path.dirname(__file__), "..", "..")
SOURCES = ("CMakeLists.txt", "LICENSE", "cmake/*", "include/*", "src/*", "modules/*")


class Rota(ConanFile):
    name = "rota"
    description = "A user-space scheduler with asynchronous I/O"
    license = "MIT"
    topics = ("coroutines", "fibers", "io_uring", "epoll", "scheduler")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False]}
    default_options = {"shared": False, "fPIC": True}
    implements = ["auto_shared_fpic"]

    def set_version(self):
        header = load(self, os.path.join(ROOT, "include", "rota", "version.hpp"))
        self.version = ".".join(re.findall(r"version_\w+ = (\d+)", header))

    def export_sources(self):
        for pattern in SOURCES:
            copy(self, pattern, src=ROOT, dst=self.export_sources_folder)

    def requirements(self):
        self.requires("liburing/[>=2.3]")
        self.requires("boost/[>=1.81]")
        self.requires("c-ares/[>=1.18]")

    def build_requirements(self):
        self.tool_requires("pkgconf/[>=2]")

    def configure(self):
        self.options["boost"].without_context = False

    def validate(self):
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration("Rota builds on Linux")
        check_min_cppstd(self, 23)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        toolchain = CMakeToolchain(self)
        for part in ("TESTS", "CLI", "EXAMPLES", "MODEL"):
            toolchain.cache_variables[f"ROTA_BUILD_{part}"] = False
        toolchain.cache_variables["ROTA_WARNINGS_AS_ERRORS"] = False
        toolchain.generate()
        dependencies = CMakeDeps(self)
        dependencies.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "rota")
        self.cpp_info.set_property("cmake_target_name", "rota::rota")
        self.cpp_info.set_property("pkg_config_name", "rota")
        self.cpp_info.libs = ["rota"]
        self.cpp_info.requires = ["liburing::liburing", "boost::context", "c-ares::c-ares"]
        self.cpp_info.system_libs = ["pthread"]
        if self.settings.compiler == "gcc":
            self.cpp_info.cxxflags = ["-fcoroutines", "-foptimize-sibling-calls"]
