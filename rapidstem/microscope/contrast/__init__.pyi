from .contrast_table import VertexContrast as VertexContrast, vertex_contrast as vertex_contrast
from .line_drawing import DrawnLines as DrawnLines, drawn_lines as drawn_lines
from .line_projection import ProjectedVertices as ProjectedVertices, line_contrast as line_contrast, project_points as project_points
