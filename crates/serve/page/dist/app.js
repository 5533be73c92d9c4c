const told = document.getElementById("runs");
const embedded = document.getElementById("embedded");
if (embedded) told.textContent = JSON.parse(embedded.textContent).kind;
else new EventSource("/api/live").onmessage = (news) => (told.textContent = news.data);
