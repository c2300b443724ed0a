//! IBM 3270 through the `s3270` program as a child over stdio.
