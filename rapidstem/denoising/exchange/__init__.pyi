from .onnx_networks import write_onnx as write_onnx
from .zoo_packages import PackageOrigin as PackageOrigin, read_zoo_package as read_zoo_package, write_zoo_package as write_zoo_package
