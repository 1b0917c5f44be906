"""One driver per official SDK: each asks a neutral question in its SDK's own way, and tells what the SDK made of the answer."""
