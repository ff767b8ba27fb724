from box import create_app

application = create_app()
