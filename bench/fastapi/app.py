"""The six endpoints as FastAPI, SQLModel and asyncpg are commonly put together, for comparison."""

import os
from datetime import datetime
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import Depends, FastAPI, HTTPException, Query
from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlmodel import Field, SQLModel, col, select

url = os.environ["DATABASE_URL"].replace("postgres://", "postgresql+asyncpg://")
engine = create_async_engine(url, pool_size=int(os.environ.get("DATABASE_POOL_SIZE", "20")), max_overflow=0)
app = FastAPI()


class Task(SQLModel, table=True):
    __tablename__ = "tasks"
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    user_id: str = Field(max_length=255)
    title: str = Field(max_length=200)
    description: str | None = Field(default=None, max_length=1000)
    completed: bool = False
    created_at: datetime | None = Field(default=None, sa_column_kwargs={"server_default": func.now()})
    updated_at: datetime | None = Field(default=None, sa_column_kwargs={"server_default": func.now()})


class Draft(SQLModel):
    title: str = Field(min_length=1, max_length=200)
    description: str | None = Field(default=None, max_length=1000)


class Change(SQLModel):
    title: str | None = Field(default=None, min_length=1, max_length=200)
    description: str | None = Field(default=None, max_length=1000)
    completed: bool | None = None


async def session():
    async with AsyncSession(engine, expire_on_commit=False) as opened:
        yield opened


Session = Annotated[AsyncSession, Depends(session)]


async def find(session: AsyncSession, user_id: str, task_id: UUID) -> Task:
    query = select(Task).where(Task.user_id == user_id, Task.id == task_id)
    task = (await session.execute(query)).scalar_one_or_none()
    if task is None:
        raise HTTPException(404, "task not found")
    return task


async def save(session: AsyncSession, task: Task) -> Task:
    session.add(task)
    await session.commit()
    await session.refresh(task)
    return task


@app.get("/ready")
async def ready():
    return {"status": "ready"}


@app.get("/api/{user_id}/tasks", response_model=list[Task])
async def list_tasks(user_id: str, session: Session, limit: Annotated[int, Query(ge=1, le=1000)] = 1000):
    query = select(Task).where(Task.user_id == user_id).order_by(col(Task.created_at).desc(), col(Task.id).desc())
    return (await session.execute(query.limit(limit))).scalars().all()


@app.post("/api/{user_id}/tasks", response_model=Task, status_code=201)
async def create_task(user_id: str, draft: Draft, session: Session):
    return await save(session, Task(user_id=user_id, title=draft.title, description=draft.description))


@app.get("/api/{user_id}/tasks/{task_id}", response_model=Task)
async def get_task(user_id: str, task_id: UUID, session: Session):
    return await find(session, user_id, task_id)


@app.put("/api/{user_id}/tasks/{task_id}", response_model=Task)
async def update_task(user_id: str, task_id: UUID, change: Change, session: Session):
    task = await find(session, user_id, task_id)
    for name, value in change.model_dump(exclude_unset=True).items():
        setattr(task, name, value)
    task.updated_at = func.clock_timestamp()
    return await save(session, task)


@app.delete("/api/{user_id}/tasks/{task_id}")
async def delete_task(user_id: str, task_id: UUID, session: Session):
    await session.delete(await find(session, user_id, task_id))
    await session.commit()
    return {"message": "Task deleted successfully"}


@app.patch("/api/{user_id}/tasks/{task_id}/complete", response_model=Task)
async def toggle_task(user_id: str, task_id: UUID, session: Session):
    task = await find(session, user_id, task_id)
    task.completed = not task.completed
    task.updated_at = func.clock_timestamp()
    return await save(session, task)
