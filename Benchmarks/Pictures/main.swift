print("picture-bench")
