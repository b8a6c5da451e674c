"""The API of the host: requests in, shapes out; what happens in between stands in `administration` and in the kernel."""
