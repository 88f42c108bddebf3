import ChatEngine
