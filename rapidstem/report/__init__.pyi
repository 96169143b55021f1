from .look_page import look_sentence as look_sentence, write_look as write_look
from .page_writing import LARGEST_FILE_BYTES as LARGEST_FILE_BYTES, write_report as write_report
from .report_assembly import session_report as session_report
from .session_results import SessionContents as SessionContents
