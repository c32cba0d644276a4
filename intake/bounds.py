"""The limits of one reading. Both sides keep them: the child by the kernel, the parent by counting."""

from typing import Final

MEMORY_BYTES: Final = 512 * 1024**2
CPU_SECONDS: Final = 30
WAIT_SECONDS: Final = 30
OPEN_FILES: Final = 16

PAGE_BYTES: Final = 1024**2
FRAME_BYTES: Final = 8 * 1024**2
LARGEST_CELL: Final = 1024**2
MOST_COLUMNS: Final = 2_000
MOST_RECORDS: Final = 20_000_000
RECORDS_PER_FRAME: Final = 2_000
FRAME_AIM_BYTES: Final = 512 * 1024

# What comes out may be larger than what went in (a workbook is compressed), but not without end.
OUTPUT_BASE_BYTES: Final = 64 * 1024**2
OUTPUT_PER_INPUT_BYTE: Final = 60

MOST_MEMBERS: Final = 250_000
LARGEST_MEMBER: Final = 256 * 1024**2
LARGEST_SHEET: Final = 1024**3
STEEPEST: Final = 200
