"""The HTML report and the certificate: what stands where."""
