"""The container's image, built by a Docker engine and run; `make image-test`."""
