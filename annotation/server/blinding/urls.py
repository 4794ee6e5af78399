"""Label Studio's addresses, with ours in front of them."""

from core.urls import urlpatterns as label_studio
from django.urls import path

from blinding import operator, pages

urlpatterns = [
    path("", pages.home, name="home"),
    path("api/qingyuan/", operator.Server.as_view(), name="qingyuan-server"),
    path("api/qingyuan/contributors/", operator.Contributors.as_view(), name="qingyuan-contributors"),
    path("api/qingyuan/projects/<int:pk>/seat/", operator.ProjectSeat.as_view(), name="qingyuan-seat"),
    path("api/qingyuan/projects/<int:pk>/tasks/", operator.ProjectTasks.as_view(), name="qingyuan-tasks"),
    path("api/qingyuan/revisions/", operator.Revisions.as_view(), name="qingyuan-revisions"),
    path("api/qingyuan/webhooks/<slug:mark>/", operator.Webhooks.as_view(), name="qingyuan-webhooks"),
    path("heidi-tips/", pages.no_tips),  # Label Studio would fetch them from outside
    *label_studio,
]
