import ChatCore

func runJoin(_ words: [String]) throws(Failure) {}
