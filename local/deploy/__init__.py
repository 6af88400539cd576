"""Build the functions and deploy the template: to an emulator, and to AWS."""
