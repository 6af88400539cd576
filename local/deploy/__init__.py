"""Build the functions and deploy the template, to an emulator or to AWS."""
