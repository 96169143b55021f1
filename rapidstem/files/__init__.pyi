from .acquisition_sheet import (
    FILE_COLUMNS as FILE_COLUMNS,
    LONGEST_NAME as LONGEST_NAME,
    check_files as check_files,
    read_sheet as read_sheet,
    row_reading as row_reading,
)
from .atomic import folder_written_beside as folder_written_beside, written_beside as written_beside
from .image_stacks import (
    FallbackMetadata as FallbackMetadata,
    FrameStack as FrameStack,
    OpenStack as OpenStack,
    StackHeader as StackHeader,
    open_frames as open_frames,
    read_header as read_header,
    read_stack as read_stack,
)
from .job_logs import (
    UNKNOWN_REASON as UNKNOWN_REASON,
    FailedJob as FailedJob,
    failed_job as failed_job,
    failed_jobs as failed_jobs,
    input_fault as input_fault,
    job_log as job_log,
    logged_warnings as logged_warnings,
    say_warnings as say_warnings,
)
from .length_units import (
    angle_in_degrees as angle_in_degrees,
    is_reciprocal as is_reciprocal,
    length_in_nm as length_in_nm,
    unit_name as unit_name,
)
from .mrc_volumes import (
    ANGSTROM_PER_NM as ANGSTROM_PER_NM,
    name_writer as name_writer,
    read_series as read_series,
    read_volume as read_volume,
    read_volume_shape as read_volume_shape,
    write_series as write_series,
    write_volume as write_volume,
)
from .noise_free_fields import (
    CONDITIONS as CONDITIONS,
    NoiseFreeFields as NoiseFreeFields,
    read_noise_free as read_noise_free,
    write_noise_free as write_noise_free,
)
from .ome_tiff import (
    read_channel_names as read_channel_names,
    read_images as read_images,
    write_frames as write_frames,
    write_images as write_images,
)
from .ome_zarr import (
    check_zarr_packages as check_zarr_packages,
    write_zarr_series as write_zarr_series,
    write_zarr_volume as write_zarr_volume,
)
from .paradis_files import write_paradis as write_paradis, write_paradis_series as write_paradis_series
from .raw_file_problems import (
    field_problems as field_problems,
    file_problems as file_problems,
)
from .readers import (
    BRIGHT_FIELD as BRIGHT_FIELD,
    RAW_ENDINGS as RAW_ENDINGS,
    STORE_ENDINGS as STORE_ENDINGS,
    in_natural_order as in_natural_order,
    is_zarr_store as is_zarr_store,
    parts_beside as parts_beside,
)
from .scan_format import ScanFormat as ScanFormat
from .sheet_contradictions import TILT_TOLERANCE_DEG as TILT_TOLERANCE_DEG
from .sliced_frames import SlicedFrames as SlicedFrames
from .specimen_temperature import (
    TemperatureCourse as TemperatureCourse,
    frame_temperatures as frame_temperatures,
    is_log as is_log,
    read_temperature as read_temperature,
)
from .tables import WRITTEN_BY_HAND as WRITTEN_BY_HAND, read_table as read_table, write_table as write_table
from .tiff_scales import (
    imagej_unit as imagej_unit,
    is_default_size as is_default_size,
    stated_pixel_size_nm as stated_pixel_size_nm,
    stated_time_s as stated_time_s,
)
from .tilt_angles import (
    ANGLE_ENDINGS as ANGLE_ENDINGS,
    angle_file as angle_file,
    fault_of_tilts as fault_of_tilts,
    read_angle_file as read_angle_file,
    series_name as series_name,
    write_angle_file as write_angle_file,
)
from .vtk_polydata import write_polydata as write_polydata
from .vtk_time_series import write_polydata_series as write_polydata_series
