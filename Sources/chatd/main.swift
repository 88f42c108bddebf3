runChatd()
