"""Images: files decoded, checked, resized and cropped as the model takes them."""
