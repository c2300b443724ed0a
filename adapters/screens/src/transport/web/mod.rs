//! Web pages through a WebDriver.
