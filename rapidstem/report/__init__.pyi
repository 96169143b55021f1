from .look_page import look_sentence as look_sentence, write_look as write_look
from .page_writing import LARGEST_FILE_BYTES as LARGEST_FILE_BYTES, write_report as write_report
from .report_assembly import session_report as session_report
from .session_comparison import compare_sessions as compare_sessions
from .session_results import SessionContents as SessionContents
from .session_summary import SessionSummary as SessionSummary, read_summary as read_summary, write_summary as write_summary
