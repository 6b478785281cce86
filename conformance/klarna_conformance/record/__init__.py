"""What is kept of exchanges, without secrets; HAR files."""
