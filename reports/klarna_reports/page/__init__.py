"""The HTML report and the certificate."""
