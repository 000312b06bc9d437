"""A login and a session check with Django and Django REST framework, in one file.

Its defaults: sessions in the database, CSRF by cookie and header. HASHER=argon2 puts Argon2 with the parameters of OWASP
first; otherwise the password hasher is the one that Django comes with. Connections to Postgres are kept.
"""

import os
import sys
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher

database = urlsplit(os.environ["DATABASE_URL"])


class Owasp(Argon2PasswordHasher):
    memory_cost, time_cost, parallelism = 19456, 2, 1


hashers = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
if os.environ["HASHER"] == "argon2":
    hashers.insert(0, "project.Owasp")

sys.modules.setdefault("project", sys.modules[__name__])
settings.configure(
    ALLOWED_HOSTS=["bench.example", "127.0.0.1"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": database.hostname,
            "PORT": database.port,
            "USER": database.username,
            "NAME": database.path.lstrip("/"),
            "CONN_MAX_AGE": None,
        }
    },
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "rest_framework",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    PASSWORD_HASHERS=hashers,
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    },
    ROOT_URLCONF="project",
    SECRET_KEY="0123456789abcdef0123456789abcdef0123456789abcdef01",
    USE_TZ=True,
)
django.setup()

from django.contrib.auth import authenticate, login  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django.utils.decorators import method_decorator  # noqa: E402
from django.views.decorators.csrf import csrf_protect, ensure_csrf_cookie  # noqa: E402
from rest_framework.permissions import IsAuthenticated  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402


@method_decorator(ensure_csrf_cookie, name="dispatch")
class LoginSetCookie(APIView):
    def get(self, request):
        return Response({"detail": "CSRF cookie set"})


@method_decorator(csrf_protect, name="dispatch")
class Login(APIView):
    def post(self, request):
        user = authenticate(
            request, username=request.data["email"], password=request.data["password"]
        )
        if user is None:
            return Response({"detail": "Email or password is not correct."}, status=400)
        login(request, user)
        return Response({"detail": "Success"})


class Profile(APIView):
    permission_classes = [IsAuthenticated]

    def get(self, request):
        user = request.user
        return Response(
            {
                "id": user.id,
                "email": user.email,
                "is_staff": user.is_staff,
                "is_superuser": user.is_superuser,
            }
        )


urlpatterns = [
    path("api/login-set-cookie/", LoginSetCookie.as_view()),
    path("api/login/", Login.as_view()),
    path("api/users/profile/", Profile.as_view()),
    path("readyz", lambda request: HttpResponse("ok")),
]
application = get_wsgi_application()

if __name__ == "__main__":
    if sys.argv[1] == "add_account":
        email, password = sys.argv[2:]
        User.objects.create_user(username=email, email=email, password=password)
    else:
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)
