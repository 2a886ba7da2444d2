"""What pyproject.toml cannot say: the packages (``grammar/`` lies at the top of the checkout) and the compiled part."""

import sys
from pathlib import Path

import numpy
from Cython.Build import cythonize
from setuptools import Extension, find_packages, setup

LINALG = Path("pyasreml", "linalg")
# what Cython writes begins with an underscore; pedigree.cpp belongs to a module of its own
KERNEL = sorted(p.name for p in LINALG.glob("[!_]*.cpp") if p.name != "pedigree.cpp")
MODULES = {
    "_linalg": ["_linalg.pyx", *KERNEL],
    "_pedigree": ["_pedigree.pyx", "pedigree.cpp"],
    "_band": ["_band.pyx"],
}
if sys.platform == "win32":
    FLAGS = ["/O2", "/std:c++17"]
else:
    # the arithmetic flags let reductions be vectorised; NaN and infinity keep their meaning
    FLAGS = ["-O3", "-std=c++17", "-fno-math-errno", "-ffp-contract=fast", "-fno-trapping-math"]
    FLAGS += ["-fassociative-math", "-fno-signed-zeros", "-g0", "-pthread"]

extensions = [
    Extension(
        f"pyasreml.linalg.{module}",
        sources=[str(LINALG / name) for name in sources],
        depends=[str(p) for p in sorted([*LINALG.glob("*.hpp"), *LINALG.glob("*.px[di]")])],
        include_dirs=[numpy.get_include(), str(LINALG)],
        extra_compile_args=FLAGS,
        extra_link_args=[] if sys.platform == "win32" else ["-pthread", *(["-ldl"] if sys.platform == "linux" else [])],
        language="c++",
    )
    for module, sources in MODULES.items()
]

setup(
    packages=[*find_packages(include=["pyasreml", "pyasreml.*"]), "pyasreml.grammar"],
    ext_modules=cythonize(extensions),
)
