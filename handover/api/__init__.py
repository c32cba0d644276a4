"""The API's composition: one router, one pager, one exception handler."""
