"""The Hugging Face Hub, as far as it says what a model is and who may have it."""
