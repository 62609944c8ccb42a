export default function Page() {
  return <p>Dashboards are at /api/dashboards/…</p>;
}
